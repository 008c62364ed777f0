"""All that an application answers to, as it stands: what is added to it is found here too."""

import re
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount


@dataclass(frozen=True)
class Address:
    """A method, and a path whose parameters stand in braces; one that others are mounted at ends in a star."""

    method: str
    path: str

    def filled(self, value: str) -> str:
        """The path with the same value for every parameter; where it wants a number, 1."""
        numbered = re.sub(r"\{(n|number|page|width)(:int)?\}", "1", self.path)
        return re.sub(r"\{[^}]*\}", value, numbered.removesuffix("*"))


def addresses(app: FastAPI) -> list[Address]:
    found = set()
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount):
            found.add(Address("GET", f"{route.original_route.path}/*"))
            found.add(Address("POST", f"{route.original_route.path}/*"))
        else:
            found |= {Address(method, route.path or "/") for method in route.methods or ()}
    found |= {Address("HEAD", address.path) for address in found if address.method == "GET"}
    return sorted(found, key=lambda address: (address.path, address.method))
