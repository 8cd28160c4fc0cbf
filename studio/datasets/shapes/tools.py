"""Tools that a conversation may call, and the calls: each spelling brought into the one that chat templates use."""

from typing import Any

from studio.datasets.paths import load
from studio.datasets.shapes.mapping import Unusable

BROKEN_CALL = "a call of a tool that is not valid JSON with a name and arguments"
BROKEN_TOOLS = "the list of tools is not valid JSON with a name for each tool"


def loaded(value: Any, problem: str) -> Any:
    """The value itself, or what it holds when it is JSON as text."""
    if not isinstance(value, str):
        return value
    try:
        return load(value)
    except ValueError:
        raise Unusable(problem) from None


def tools_of(cell: str) -> list[dict[str, Any]]:
    """The tools that a cell lists, each as {"type": "function", "function": {"name", ...}}. Raises Unusable."""
    if not cell.strip():
        return []
    value = loaded(loaded(cell, BROKEN_TOOLS), BROKEN_TOOLS) or []  # some exports write JSON inside JSON
    tools = []
    for tool in value if isinstance(value, list) else [value]:
        tool = loaded(tool, BROKEN_TOOLS)
        function = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Unusable(BROKEN_TOOLS)
        tools.append({"type": "function", "function": {key: item for key, item in function.items() if key != "type"}})
    return tools


def calls_of(value: Any) -> list[dict[str, Any]]:
    """The calls in a ShareGPT message: one object or a list of them, usually as text. Raises Unusable."""
    value = loaded(value, BROKEN_CALL)
    calls = value if isinstance(value, list) else [value]
    if not calls:
        raise Unusable(BROKEN_CALL)
    return [call_of(call) for call in calls]


def call_of(call: Any) -> dict[str, Any]:
    """One call as {"type": "function", "function": {"name", "arguments": object}}, its id kept. Raises Unusable."""
    call = loaded(call, BROKEN_CALL)
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Unusable(BROKEN_CALL)
    arguments = function.get("arguments", function.get("parameters"))
    arguments = loaded(arguments, BROKEN_CALL) if arguments else {}
    if not isinstance(arguments, dict):
        raise Unusable(BROKEN_CALL)
    tidied = {"type": "function", "function": {"name": function["name"], "arguments": arguments}}
    return {"id": call["id"], **tidied} if isinstance(call.get("id"), str) else tidied
