"""Footnote's tools for MCP clients: over standard input and output, and over HTTP at ``/mcp``.

It uses the low-level server of the official SDK: the other one changes the process's logging and logs arguments.
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
from api.core.field_faults import first_fault
from api.core.principals import ForbiddenError, Principal
from api.mcp.schemas import inlined, without_null
from api.mcp.tools import Tool, Visit, tools_at
from api.middleware.failures import report_problem
from api.middleware.guards import MAX_BODY_BYTES, is_known_host
from api.rendering.links import Links

PATH = "/mcp"
_MAX_BODY = 2 * MAX_BODY_BYTES
"""More than the guard lets through: the guard refuses large bodies, as on every route."""
_MAX_SESSIONS = 1000
_INSTRUCTIONS = (
    "Footnote answers questions from a collection of indexed documents. Use ask for an answer with footnotes, search "
    "for passages, and open_source to read on around a place that either named."
)
_Context = ServerRequestContext[Any, Any]
_READS = protocol.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


def make_server(services: Services, visit_of: Callable[[_Context], Awaitable[Visit]]) -> Server[Any]:
    """Return a server with the tools that the services support. ``visit_of`` returns the caller of a tool."""
    tools = tools_at(services)

    async def list_tools(_: _Context, __: protocol.PaginatedRequestParams | None) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=[_describe(tool) for tool in tools.values()])

    async def call_tool(context: _Context, params: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        if not (tool := tools.get(params.name)):
            raise MCPError(protocol.INVALID_PARAMS, f"There is no such tool; there are {', '.join(tools)}.")
        try:
            arguments = tool.arguments.model_validate(params.arguments or {})
            text, body = await arguments.run(await visit_of(context))
            content: list[protocol.ContentBlock] = [protocol.TextContent(text=text)]
            return protocol.CallToolResult(content=content, structured_content=body.model_dump(mode="json"))
        except ValidationError as error:
            fault = first_fault(error.errors(include_url=False, include_input=False), params.arguments or {})
            message = f"{fault.place or 'arguments'}: {fault.reason}"
        except Exception as error:  # noqa: BLE001 - the model reads the message; our own errors are logged
            message = report_problem(error).detail
        return protocol.CallToolResult(content=[protocol.TextContent(text=message)], is_error=True)

    return Server(
        "footnote",
        title="Footnote",
        version=version("footnote"),
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(services: Services, principal: Principal, to_sources: Links) -> None:
    """Serve the one caller until standard input ends. Other writes to standard output go to standard error."""

    async def only_visit(_: _Context) -> Visit:
        return Visit(services, principal, to_sources)

    server = make_server(services, only_visit)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


class McpOverHttp:
    """An ASGI application for one address. It works within ``running``.

    The key of each request identifies the caller, and a session belongs to the key that began it. ``RequestGuard``
    checks host names and sizes first, as for every route.
    """

    def __init__(self, services: Services, hosts: Collection[str]) -> None:
        self._services = services
        self._hosts = frozenset(hosts)
        self._manager: StreamableHTTPSessionManager

    @asynccontextmanager
    async def running(self, _: object) -> AsyncIterator[None]:
        """Accept sessions, as the lifespan of an application; end them at the end."""

        async def visit_of(context: _Context) -> Visit:
            request: Request = context.request  # type: ignore[assignment]  # over HTTP there is one
            return Visit(self._services, request.state.principal, await links(request, self._services))

        server = make_server(self._services, visit_of)
        manager = StreamableHTTPSessionManager(server, max_request_body_size=_MAX_BODY, max_sessions=_MAX_SESSIONS)
        async with manager.run():
            self._manager = manager
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Raises ``UnauthorizedError``, or ``ForbiddenError`` for a page of another site."""
        request = Request(scope)
        origin = request.headers.get("origin")
        if origin is not None and not is_known_host(self._hosts, urlsplit(origin).netloc):
            raise ForbiddenError("A page of another site may not call this.")
        principal = await caller(request, self._services)
        request.state.principal = principal
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=principal.id, scopes=[]))
        await self._manager.handle_request(scope, receive, send)


def _describe(tool: Tool) -> protocol.Tool:
    return protocol.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=without_null(inlined(tool.arguments.model_json_schema())),
        output_schema=inlined(tool.result.model_json_schema(mode="serialization")),
        annotations=_READS,
    )
