"""Refusals in the form that Discord gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Problem(NamedTuple):
    """What is wrong with one field of a request: where it is, Discord's name for the fault, and a sentence."""

    path: tuple[str | int, ...]
    code: str
    message: str


class ApiError(Exception):
    """A request is refused."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        """Answer with the HTTP status, Discord's error code, its message, and the nested `errors` if there are any."""
        super().__init__(f"{status} {code} {message} {errors or ''}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        """Return the body of the answer."""
        body: Json = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


def invalid_form(problems: Iterable[Problem], under: tuple[str, ...] = ()) -> ApiError:
    """Return the refusal of a request with problems; `under` is the path of the part that was checked."""
    errors: Json = {}
    for problem in problems:
        place = errors
        for key in (*under, *problem.path):
            place = place.setdefault(str(key), {})
        place.setdefault("_errors", []).append({"code": problem.code, "message": problem.message})
    return ApiError(400, 50035, "Invalid Form Body", errors)


def unknown(what: str) -> ApiError:
    """Return the 404 for a thing that does not exist: "Channel", "Message", "Interaction", ..."""
    codes = {
        "Channel": 10003,
        "Guild": 10004,
        "Member": 10007,
        "Message": 10008,
        "User": 10013,
        "Webhook": 10015,
        "Interaction": 10062,
    }
    return ApiError(404, codes[what], f"Unknown {what}")


def missing_access() -> ApiError:
    """Return the 403 for a channel that the bot cannot see."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """Return the 403 for what the bot may not do in a channel that it can see."""
    return ApiError(403, 50013, "Missing Permissions")


def empty_message() -> ApiError:
    """Return the 400 for a message with nothing in it."""
    return ApiError(400, 50006, "Cannot send an empty message")
