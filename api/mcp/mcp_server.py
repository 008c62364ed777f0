"""Footnote's tools for MCP clients, by the official SDK: over standard input and output, and over HTTP at ``/mcp``.

The SDK's low-level server is used: its other one sets up the process's logging, and logs what callers sent.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import mcp.types as protocol
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from api.context.services import Services, caller, links
from api.core.hosts import is_known_host
from api.core.principals import ForbiddenError, Principal
from api.mcp.tools import Tool, Visit, tools_at
from api.middleware.failures import report_problem
from api.middleware.guards import MAX_BODY_BYTES
from api.rendering.links import Links

PATH = "/mcp"
_MAX_BODY = 2 * MAX_BODY_BYTES
"""Beyond the guard's: a message that is too large is refused by it, as elsewhere."""
_MAX_SESSIONS = 1000
_INSTRUCTIONS = (
    "Footnote answers questions from a collection of indexed documents. Use ask for an answer with footnotes, search "
    "for passages, and open_source to read on around a place that either named."
)
_Context = ServerRequestContext[Any, Any]
_READS = protocol.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


def make_server(services: Services, visit_of: Callable[[_Context], Awaitable[Visit]]) -> Server[Any]:
    """The tools that the services has the parts for; ``visit_of`` tells who makes a call."""
    tools = tools_at(services)

    async def list_tools(_: _Context, __: protocol.PaginatedRequestParams | None) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=[_described(tool) for tool in tools.values()])

    async def call_tool(context: _Context, params: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        if not (tool := tools.get(params.name)):
            raise MCPError(protocol.INVALID_PARAMS, f"There is no such tool; there are {', '.join(tools)}.")
        try:
            return await _called(tool, params.arguments or {}, await visit_of(context))
        except ValidationError as error:
            return _failed(_in_words(error))
        except Exception as error:  # noqa: BLE001 - told in words, and logged where it is ours
            return _failed(report_problem(error).detail)

    return Server(
        "footnote",
        title="Footnote",
        version=version("footnote"),
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(services: Services, principal: Principal, to_sources: Links) -> None:
    """Until standard input ends. What is written to standard output besides goes to standard error."""
    visit = Visit(services, principal, to_sources)

    async def same(_: _Context) -> Visit:
        return visit

    server = make_server(services, same)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


class McpOverHttp:
    """An ASGI application for one address; ``running`` stands around it.

    Who calls is told by the key of each request, and a session is for the key that began it alone. Names and sizes are
    guarded before it, as for every route.
    """

    def __init__(self, services: Services, hosts: Collection[str]) -> None:
        self._services = services
        self._hosts = frozenset(hosts)
        self._manager: StreamableHTTPSessionManager

    @asynccontextmanager
    async def running(self, _: object) -> AsyncIterator[None]:
        server = make_server(self._services, self._visit)
        manager = StreamableHTTPSessionManager(server, max_request_body_size=_MAX_BODY, max_sessions=_MAX_SESSIONS)
        async with manager.run():
            self._manager = manager
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ``UnauthorizedError``, and ``ForbiddenError`` where another site's page calls."""
        request = Request(scope)
        self._check_origin(request.headers.get("origin"))
        principal = await caller(request, self._services)
        request.state.principal = principal
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=principal.id, scopes=[]))
        await self._manager.handle_request(scope, receive, send)

    def _check_origin(self, origin: str | None) -> None:
        if origin is not None and not is_known_host(self._hosts, urlsplit(origin).netloc):
            raise ForbiddenError("A page of another site may not call this.")

    async def _visit(self, context: _Context) -> Visit:
        request: Request = context.request  # type: ignore[assignment]  # over HTTP there is one
        return Visit(self._services, request.state.principal, await links(request, self._services))


async def _called(tool: Tool, arguments: dict[str, Any], visit: Visit) -> protocol.CallToolResult:
    text, body = await tool.run(tool.takes.model_validate(arguments), visit)
    content: list[protocol.ContentBlock] = [protocol.TextContent(text=text)]
    return protocol.CallToolResult(content=content, structured_content=body.model_dump(mode="json"))


def _failed(words: str) -> protocol.CallToolResult:
    return protocol.CallToolResult(content=[protocol.TextContent(text=words)], is_error=True)


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])[:80] or 'arguments'}: {first['msg']}"


def _described(tool: Tool) -> protocol.Tool:
    return protocol.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema(mode="serialization"),
        annotations=_READS,
    )
