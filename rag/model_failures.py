"""What went wrong in a call of a language model, in words for the user.

Each provider's client has errors of its own. They are told apart by what all of them carry, an HTTP status or a kind
of error among their causes, so that no client needs to be imported here.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator, Mapping

from rag.errors import ModelFailedError

_REASONS = {
    400: "the model's server refused the request",
    401: "the model's server refused the key",
    402: "the model's server wants to be paid first",
    403: "the model's server refused the key",
    404: "the model's server does not know the model",
    413: "the question with its evidence is too long for the model",
    429: "the model's server asks to wait",
}
_TRANSIENT = {408, 409, 425, 429}
_TIMED_OUT = {"APITimeoutError", "TimeoutException"}
_BROKE_OFF = {
    "RemoteProtocolError",
    "ReadError",
    "ClientPayloadError",
    "IncompleteReadError",
    "ServerDisconnectedError",
}
_UNREACHABLE = {"APIConnectionError", "TransportError", "ClientConnectionError", "ConnectionError"}
_UNREADABLE = {
    "JSONDecodeError",
    "UnicodeDecodeError",
    "ValidationError",
    "APIResponseValidationError",
    "DecodingError",
}


def failure_of(error: Exception) -> ModelFailedError:
    """Return what to tell of an error that a call of a model raised."""
    if isinstance(error, ModelFailedError):
        return error
    for cause in _causes(error):
        if status := _status(cause):
            return _refused(status, cause)
    names = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    if names & _TIMED_OUT:
        return ModelFailedError("the model's server did not reply in time", transient=True)
    if "ConnectionRefusedError" in names:
        return ModelFailedError("the model's server refused the connection", transient=True)
    if names & _BROKE_OFF or "ConnectionResetError" in names:
        return ModelFailedError("the model's server broke off", transient=True)
    if names & _UNREACHABLE:
        return ModelFailedError("the model's server cannot be reached", transient=True)
    if names & _UNREADABLE:
        return ModelFailedError("the model's server sent something that is no reply")
    return ModelFailedError(f"the call of the model failed ({type(error).__name__})")


def _refused(status: int, error: BaseException) -> ModelFailedError:
    """Return what to tell of an HTTP status."""
    if status == 429 and (seconds := _retry_after(error)) is not None:
        return ModelFailedError(f"the model's server asks to wait {seconds:.0f} s", transient=True, retry_after=seconds)
    if status >= 500:
        reason = f"the model's server failed (HTTP {status})"
        return ModelFailedError(reason, transient=True, retry_after=_retry_after(error))
    reason = _REASONS.get(status, f"the model's server refused the request (HTTP {status})")
    return ModelFailedError(reason, transient=status in _TRANSIENT)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what led to it, latest first."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that an error carries, if it tells of a failure."""
    for name in ("status_code", "code", "status"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _retry_after(error: BaseException) -> float | None:
    """Return after how many seconds the server wants to be asked again, if it says so: a number or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    value = str(headers.get("retry-after") or headers.get("Retry-After") or "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
