"""What is heard at once is written down at once: a disk takes fifty in one go as fast as one."""

import asyncio
from collections.abc import Sequence

from api.slack.events.event_store import Deliveries
from api.slack.workspace.places import Heard


class Claims:
    """Claims what is heard at the same time in one go: an acknowledgement must not wait for fifty others."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._waiting: list[tuple[Heard, bool, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    async def claim(self, heard: Heard, *, quiet: bool) -> bool:
        """As ``Deliveries.claim``."""
        claimed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((heard, quiet, claimed))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await claimed

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                told = await asyncio.to_thread(
                    self._deliveries.claim_all, [(heard, quiet) for heard, quiet, _ in batch]
                )
            except Exception as error:  # noqa: BLE001 - whoever waits for it is told
                _settle([(future, error) for *_, future in batch])
            else:
                _settle([(future, claimed) for (*_, future), claimed in zip(batch, told, strict=True)])
        self._task = None


def _settle(results: Sequence[tuple[asyncio.Future[bool], bool | Exception]]) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
