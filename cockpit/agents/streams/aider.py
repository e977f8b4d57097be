"""Reads what aider prints: text, in which what it used and what went wrong stand in lines of a known shape."""

import re
from collections.abc import Iterable, Iterator

from cockpit.agents.streams import events as e
from cockpit.agents.streams.stream import SHOWN, Stream, added
from cockpit.safetext import safe_line

HISTORY = "chat-history"  # it has no session ids: what goes on is the history of the folder
_TOKENS = re.compile(r"^Tokens: ([\d.,]+[kM]?) sent,(?: ([\d.,]+[kM]?) cache write,)?(?: ([\d.,]+[kM]?) cache hit,)?")
_OUT = re.compile(r" ([\d.,]+[kM]?) received\.")
_COST = re.compile(r"Cost: \$([\d.,]+) message, \$([\d.,]+) session\.")
_EDITED = re.compile(r"^Applied edit to (.+)$")
_RETRY = re.compile(r"^Retrying in [\d.]+ seconds")
_ERROR = re.compile(
    r"^(litellm\.\w*(?:Error|Exception|Timeout)\b.*|The API provider.*(?:error|down|overloaded|limit).*"
    r"|Model .+ has hit a token limit!.*|The LLM did not conform to the edit format.*|.*exhausted the context window.*"
    r"|Only \d+ reflections allowed, stopping\..*|Unable to apply edit.*|.*: (?:error|cannot access).*API key.*"
    r"|Missing these environment variables:.*|Empty response received from LLM.*)$"
)


class AiderStream(Stream):
    """Its exit code is 0 whatever happens: done is an answer, after which nothing went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._answered = False
        self._wrong = ""

    def _read(self, line: bytes) -> Iterable[e.Event]:
        said = safe_line(line[:4096].rpartition(b"\r")[2] if not line.endswith(b"\r") else line[:4096])
        if said.startswith("Aider v"):
            return (e.Session(HISTORY), e.Message(said[:SHOWN]))
        if found := _TOKENS.match(said):
            return self._used(said, found)
        if found := _EDITED.match(said):
            self._wrong = ""
            return (e.FileEdit(found[1]), e.Message(said[:SHOWN]))
        if _RETRY.match(said):
            return (e.Retry(self._wrong or said),)
        if _ERROR.match(said):
            self._wrong = self._wrong or said[:SHOWN]  # what comes behind the first one explains it in general words
            return (e.Error(said[:SHOWN]),)
        return (e.Message(said[:SHOWN]),) if said else (e.Raw(""),)

    def _used(self, said: str, found: re.Match[str]) -> Iterator[e.Event]:
        sent, hit = _amount(found[1]), _amount(found[3])
        out = _OUT.search(said)
        told = _amount(out[1]) if out else 0
        self.usage = added(self.usage, e.Usage(max(0, sent - hit), hit, told))
        if cost := _COST.search(said):
            self.usage = e.Usage(self.usage.tokens_in, self.usage.tokens_cached, self.usage.tokens_out, _money(cost[2]))
        if told:  # else its model said nothing
            self._answered, self._wrong = True, ""
            self.bore_fruit()
        yield self.usage
        yield e.Message(said[:SHOWN])

    def verdict(self) -> e.Verdict:
        """Return what the output says: done where its model answered and nothing went wrong after that."""
        if self._wrong:
            return e.Verdict("failed", self._wrong)
        if not self._answered:
            return e.Verdict("failed", self.error or "its model gave no answer")
        return e.DONE


def _amount(written: str | None) -> int:
    """Return a count of tokens that is written in short: 2.1k."""
    if not written:
        return 0
    factor = {"k": 1_000, "M": 1_000_000}.get(written[-1], 1)
    return int(min(_money(written.rstrip("kM")) * factor, 1e15))


def _money(written: str) -> float:
    try:
        return min(float(written.replace(",", "").rstrip(".")), 1e15)
    except ValueError:
        return 0.0
