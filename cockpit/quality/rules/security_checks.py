"""Checks of who may do what, that were there before a change and are gone or decided in advance after it.

Most of its length is tables of how languages and frameworks write such a check, which only what reads them explains.
"""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache

from cockpit.quality.change import Change, Hunk
from cockpit.quality.rule import Found
from cockpit.quality.rules.security_secrets import is_shown, is_test
from cockpit.quality.source import Function, Source, text_of

# Words that only code about rights uses.
_RIGHTS = re.compile(
    r"(?ix) is_?(?:admin|super_?user|staff|owner|authenti\w+|authori[sz]ed|logged_?in|allowed|permitted|moderator) | has_?(?:perm|role|access|scope|privilege|authority)\w* | \b(?:can|may)_?(?:access|edit|delete|view|manage|read|write|update|admin)\w*"
    r" | (?:check|verify|validate|require|ensure|assert|enforce|need|must)s?_?(?:be_?|has_?|is_?)?(?:\w{0,12}_?)?(?:perm|auth|access|role|login|admin|passw|csrf|signature|token|hmac|jwt|owner|credential|scope|session|origin|certificate)\w*"
    r" | login_?required | permission_?(?:required|classes|denied) | pre_?authorize | \bsecured\b | roles_?allowed | \[authorize | permissions?\.\w+ | compare_digest | timing_?safe_?equal | constant_?time_?(?:compare|eq) | hash_equals | password_verify | bcrypt | \.verify\( "
    r" | \bauthenticate[d_]?\w* | \bauthori[sz]e\w* | auth_?(?:guard|middleware|required|filter|z)\b | \b(?:un)?authori[sz]ed | forbid\w* | access_?denied | \bcsrf\w* | protect_from_forgery | current_?user | in_?role | is_?granted | auth::check | auth\(\)->check | denyaccess\w* | \bgate:: | (?:->|\.)can[?]?\( | \.role\b | \b(?:401|403)\b | invalid_?(?:signature|token|credential|password)\w* | signature | \bauth\( "
)
_DENIES = re.compile(
    r"(?ix) \b(?:401|403)\b | forbid\w* | unauth\w* | access_?denied | permission | not_?allowed | \bdeny\b | denied | abort | redirect | raise\b | throw\b | panic | \breturn\b | reject | \bhead\b | exit | next\( | bail! | err\( | fail | unless\b | die\b "
)
_REFUSES = re.compile(
    r"(?i)\b(?:401|403)\b|forbid|unauth|access_?denied|permission_?denied|\bdeny|not_?authori[sz]ed|redirect.*\b(?:log_?in|sign_?in)|invalid_?(?:token|signature|credential)"
)
_SET = re.compile(
    r"(?i)\b(?P<name>\w*(?:is|has|can)_?(?:admin|auth|allowed|valid_?(?:token|signature|password)|permi|access|owner|super|staff|logged|role|edit|delete)\w*|authori[sz]ed|authenticated|allowed)\s*(?::\s*\w+\s*)?(?::=|=)\s*(?P<value>\S.*)"
)
_CONDITION = re.compile(r"(?:^|[\s}(;])(?:if|unless|guard|elif|elsif|else\s+if|when|require|assert|ensure!?|bail)\b")
_LABEL = re.compile(
    r"""(?ix) ^\s*(?: [@\[\#]+\[?\s*(?:\w+[.:]+)*(?:login_required|permission_required|user_passes_test|staff_member_required|requires?_?\w*(?:auth|login|role|perm|admin|scope|token)\w*|\w*_required|authori[sz]e\w*|authenticated\w*|pre_?authorize|post_?authorize|secured|roles_?allowed|use_?guards|roles|permissions?|validate_?anti_?forgery\w*|csrf_protect|is_?granted|security|permission_classes|jwt_required|admin_only|has_?(?:role|permission)\w*|require_?\w*)\b
      | permission_classes\s*= | authentication_classes\s*= | before_(?:action|filter)\s+:?\w*(?:auth|login|admin|permi|verify|require|check|user)\w* | protect_from_forgery | (?:\w+\.)?use\s*\(\s*\w*(?:auth|csrf|guard|jwt|session_?check|permission)\w* | (?:\$this->|self\.|->|\.)+(?:middleware|before)\s*\(\s*\[?['"](?:auth|can|role|verified|admin|permission)\b
      | (?:\$this->|self\.|this\.|await\s+|\w+\.)*(?:authorize|authorize!|authenticate|authenticate!|require_?(?:auth|login|admin|role|permission|user)\w*|check_?(?:auth|permission|access|csrf|signature|token|role|admin)\w*|verify_?(?:auth|permission|csrf|signature|token|jwt|owner|access|password|certificate)\w*|ensure_?(?:auth|admin|logged|permi|owner)\w*|assert_?(?:auth|admin|permi|owner|access)\w*|deny_?access\w*|enforce_?(?:auth|admin|permi)\w*)\s*[!(; ] )"""
)
_MIDDLEWARE = re.compile(
    r"(?i)\b(?:require|ensure|check|verify|is|has|must|with)_?(?:be_?)?(?:auth|login|logged_?in|admin|role|permission|csrf|token|jwt|signed_?in|owner|scope|user)\w*\b|\b(?:auth|authn|authz|jwt|csrf)_?(?:middleware|guard|required|check|filter|protection|enticate\w*|handler)\w*\b|\b(?:authenticated|isAuthenticated|authenticate)\b|middleware\(\[?['\"]auth[^)]*\)|login_required\w*|\bprotect\b|hasRole\([^)]*\)|hasAuthority\([^)]*\)|hasAnyRole\([^)]*\)"
)
_ROUTE = re.compile(
    r"(?i)\b(?:get|post|put|patch|delete|use|all|route|handle|handlefunc|group|any\w*|\w*matchers?|map\w*|path|re_path|url|router|endpoint)\s*[(\s]|::(?:get|post|put|delete|group|resource)\(|requestMatchers|anyRequest"
)
_WEAK_HASH = "a hash is used for which collisions are known"
_TRUSTED = re.compile(
    r"(?i)pass_?w|pwd|passphrase|sign|token|secret|h?mac\b|auth|credential|verif|session|certif|nonce|salt|otp\b|api_?key|integrity|tamper|crypt"
)
# What stood for safety → what took its place, on lines that are otherwise much the same.
_SWAPS: tuple[tuple[str, str, str], ...] = (
    (
        r"\bjwt\.verify\s*\(",
        r"\bjwt\.decode\s*\(|jwt_?decode\s*\(",
        "a token is read without its signature being checked",
    ),
    (
        r"(?i)\bsafe_?load(?:_all)?\b",
        r"(?i)\b(?:unsafe_?|full_?)?load(?:_all)?\b",
        "text is unpacked in a form that can run code",
    ),
    (r"(?i)\bliteral_eval\b", r"\beval\s*\(", "text is run as code"),
    (
        r"(?i)\bjson\.loads?\b|JSON\.parse\b",
        r"(?i)\b(?:pickle|dill|marshal)\.loads?\b|\beval\s*\(|YAML\.load\b",
        "text is unpacked in a form that can run code",
    ),
    (
        r"(?i)\bhtmlspecialchars|htmlentities|\bescape_?html|\bhtml\.escape|\bsanitize\w*\s*\(|DOMPurify\.sanitize|\bhtml_?encode|\bescapeshell(?:arg|cmd)|\bshlex\.quote|\bshellescape|\bsecure_filename|\bquote_?plus|\bmysqli_real_escape_string|\bERB::Util\.|\bh\(\s*params|\bencodeURIComponent\b",
        r"(?!)",
        "input is used without being escaped",
    ),
    (r"\.textContent\b|\.innerText\b", r"\.innerHTML\b", "text is put into a page as markup"),
    (
        r"(?i)\bcompare_digest\b|timingSafeEqual|constant_?time_?(?:compare|eq)\w*|hash_equals|FixedTimeEquals|secure_compare",
        r"[=!]==?(?!\s*[01]\b)|\.equals\(|memcmp|bytes\.Equal",
        "a secret is compared in a way whose time tells of it",
    ),
    (
        r"(?i)\bbcrypt\w*|argon2\w*|scrypt|pbkdf2\w*|password_hash",
        r"(?i)\bmd5|sha_?1\b|sha256|crc32|base64",
        "a password is kept by a hash that is quickly guessed",
    ),
    (
        r"(?i)(?<![a-z0-9])sha_?-?(?:256|384|512|3_256)(?!\d)",
        r"(?i)(?<![a-z0-9])(?:md5|sha_?1)(?:sum)?(?:\(|\.|::|!\()|(?<![a-z0-9])(?:md5|sha1)_(?:hex|init|sum|digest)\w*\s*\(|[(\[]\s*['\"`](?:md5|sha-?1)['\"`]|(?:hash\w*|digest\w*|algorithm\w*|insecure)(?:\.|::)(?:md5|sha_?1)\b",
        _WEAK_HASH,
    ),
    (
        r"\bsecrets\.\w+|SystemRandom|SecureRandom|crypto\.randomBytes|crypto\.getRandomValues|crypto/rand|RandomNumberGenerator|random_bytes|random_int|OsRng",
        r"(?i)\brandom\.(?:random|randint|choice\w*|getrandbits|randrange)|Math\.random|math/rand|new\s+(?:java\.util\.)?Random\(|\bmt_rand|\brand\(|\bKernel\.rand|thread_rng|uniqid",
        "a secret is made by a generator that can be guessed",
    ),
    (
        r"(?i)\bexecFile(?:Sync)?\b|\bspawn(?:Sync)?\b",
        r"\bexec(?:Sync)?\s*\(\s*(?:`[^`]*\$\{|['\"][^'\"]*['\"]\s*\+)",
        "a shell gets a command put together from values",
    ),
    (
        r"(?i)\bhttps://",
        r"(?i)\bhttp://(?!localhost|127\.|0\.0\.0\.0)",
        "what was encrypted goes over the net in the open",
    ),
    (
        r"(?i)\b(?:secure|http_?only|samesite)['\"]?\s*(?:=>|[:=]|\()\s*['\"]?(?:true|strict|lax)",
        r"(?i)\b(?:secure|http_?only|samesite)['\"]?\s*(?:=>|[:=]|\()\s*['\"]?(?:false|none)",
        "a cookie lost its protection",
    ),
    (
        r"(?i)\bverif\w*['\"]?\s*(?:=>|[:=,])\s*(?:true|1)\b|VERIFY_PEER|CERT_REQUIRED|rejectUnauthorized['\"]?\s*:\s*true|InsecureSkipVerify:\s*false",
        r"(?i)\bverif\w*['\"]?\s*(?:=>|[:=,])\s*(?:false|0)\b|VERIFY_NONE|CERT_NONE|rejectUnauthorized['\"]?\s*:\s*false|InsecureSkipVerify:\s*true",
        "certificates are no longer checked",
    ),
    (
        r"(?i)\bauthenticated\s*\(|hasRole\(|hasAuthority\(|denyAll\(|\[Authorize|@RolesAllowed|@PreAuthorize|@Secured|RequireAuthorization\(|IsAuthenticated\b|IsAdminUser\b",
        r"(?i)\bpermitAll\b|AllowAnonymous|AllowAny\b|anonymous\(",
        "what needed a login is open to all",
    ),
)
_CONSTANT = re.compile(
    r"(?i)(?:\(|\bif\s+|\bunless\s+|\breturn\s+|=\s*|\bwhen\s+|\bguard\s+)\s*!?\(?(?:(?:true|1)\s*(?:\|\||\bor\b)|(?:false|0)\s*(?:&&|\band\b))|(?:\|\||\bor\b)\s*(?:true|1|1\s*={1,3}\s*1)\s*(?:[):{;]|$|then)|(?:&&|\band\b)\s*(?:false|0)\s*(?:[):{;]|$|then)|\b(?:if|guard|elif|unless)\s*\(?\s*!?\s*(?:true|false|1|0)\s*\)?\s*(?:[:{]|then\b|else\b|$)"
)
_ANSWERS = re.compile(
    r"(?i)^(?:_?(?:is|has|can|may|check|verify|validate|ensure|require|authori[sz]e|authenticate|allow|assert|match)(?:s|ed)?_?\w*(?:auth|admin|perm|access|role|login|logged|passw|credential|csrf|signature|token|hmac|jwt|owner|allowed|scope|cert|secret|session|trusted|origin|edit|delete|view|manage)\w*"
    r"|_?(?:authori[sz]ed?|authenticated?|authori[sz]e_?\w*|authenticate_?\w*|is_?authori[sz]ed|is_?valid_?(?:user|signature|token|password)|permit(?:ted)?|verify|verify_?\w*(?:sig|hash|mac|digest|pw)\w*|login|check_?pw\w*|compare_?passw\w*|password_?(?:matches|verify|valid)|auth)[?!]?)$"
)
_YES = re.compile(
    r"^(?:return\s*\(?\s*)?(?:true|True|TRUE|nil|null|None|Ok\(\(\)\)|Ok\(true\)|1|YES|\.allow|Result\.Success|Task\.FromResult\(true\)|next\(\)|true,\s*nil|Promise\.resolve\(true\))\s*\)?\s*;?$"
)
_KEEPS_OUT = re.compile(
    r"(?i)(?:^|[^a-z])(?:auth|acl|csrf|xsrf|tls|ssl|hmac|jwt|gate)(?:[^a-z]|$)|authenticat|authori[sz]|permission|certificate|signature|hasher|hashing|password|middleware/?.*guard|access_?control|firewall|rack-protection|credential|TokenGuard|(?-i:(?:^|[a-z])(?:Auth|Acl|Csrf|Tls|Ssl|Jwt)(?:[A-Z_.]|$))"
)
_IMPORT = re.compile(r"\s*(?:import|from|use|using|require|#include)\b")
_LARGEST = 14  # lines of a check that was taken out; refactorings take more
_ALIKE = 0.55
_LIKE = 0.35  # where what was safe and what is not are both named


def lost_checks(change: Change) -> Iterator[Found]:
    """Yield the places where a check of rights was taken out, replaced or decided in advance."""
    if (
        change.before is None
        or change.language.kind not in ("code", "markup")
        or is_shown(change.path)
        or is_test(change.path)
    ):
        return
    done: set[int] = set()
    for hunk in change.hunks:
        found = _swapped(change, hunk) or _constant(change, hunk) or _taken_out(change, hunk)
        if found is not None and found.line not in done:
            done.add(found.line)
            yield found
    yield from (one for one in _says_yes(change) if one.line not in done)


def _sides(change: Change, hunk: Hunk) -> tuple[Sequence[str], Sequence[str]]:
    """Return the lines of code that a hunk takes and gives; comments give nothing."""
    old = _code(change.before, hunk.before_start, hunk.before_end) if change.before else []
    return old, [one for one in _code(change.after, hunk.after_start, hunk.after_end) if one.strip()]


def _code(source: Source, start: int, end: int) -> list[str]:
    """Return those of the lines [start, end), from 0, that are no comment and no docstring."""
    lines = [(n, source.lines[n - 1]) for n in range(start + 1, end + 1)]
    lines = [(n, line) for n, line in lines if not _COMMENT.match(line)]
    return [line for n, line in lines if n not in source.prose_lines] if lines else []


_COMMENT = re.compile(r"\s*(?://|#(?!\[|\s*include)|--|\*|/\*|<!--|;;|\"\"\")")


def _place(change: Change, hunk: Hunk, message: str, lost: Sequence[str] = ()) -> Found:
    line = max(1, min(hunk.after_start + 1, len(change.after.lines)))
    return Found(line, message, missing=tuple(lost))


def _pairs(old: Sequence[str], new: Sequence[str], least: float = _ALIKE) -> Iterator[tuple[str, str]]:
    """Yield lines that stand for each other: by their order where there are as many, else by their likeness."""
    if len(old) > 40 or len(new) > 40:
        return
    if len(old) == len(new):
        yield from ((a, b) for a, b in zip(old, new, strict=True) if _alike(a, b, least))
        return
    for a in old:
        best = max(
            new, key=lambda b: SequenceMatcher(None, a.strip(), b.strip(), autojunk=False).quick_ratio(), default=None
        )
        if best is not None and _alike(a, best, least):
            yield a, best


def _alike(a: str, b: str, least: float) -> bool:
    return (
        len(a) < 1000 and len(b) < 1000 and SequenceMatcher(None, a.strip(), b.strip(), autojunk=False).ratio() >= least
    )


@cache
def _swaps() -> tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...]:
    return tuple((re.compile(safe), re.compile(unsafe), message) for safe, unsafe, message in _SWAPS)


def _swapped(change: Change, hunk: Hunk) -> Found | None:
    old, new = _sides(change, hunk)
    if not old or not new:
        return None
    fresh = "\n".join(new)
    gone = "\n".join(old)
    for safe, unsafe, message in _swaps():
        if not safe.search(gone) or safe.search(fresh):
            continue
        for a, b in _pairs(old, new, _LIKE):
            lost = safe.search(a)
            if not lost or _IMPORT.match(a) or _was_there(change, b):
                continue
            if unsafe.pattern == "(?!)":
                if not _alike(a, b, _ALIKE) or not _only_unwrapped(a, b, lost):
                    continue
            elif not unsafe.search(b) or unsafe.search(a) or a.replace(lost[0], "") == a:
                continue
            if message == _WEAK_HASH and not _is_trusted(change, hunk, a + b):
                continue
            return _place(change, hunk, message, [a.strip()])
    routes = _ROUTE.search(gone) and _MIDDLEWARE.search(gone) and not _MIDDLEWARE.search(fresh)
    for a, b in _pairs(old, new) if routes else ():
        if (
            _ROUTE.search(a)
            and _MIDDLEWARE.search(a)
            and not _MIDDLEWARE.search(b)
            and len(b) < len(a)
            and _without(a, b)
        ):
            return _place(change, hunk, "a route lost the check of who asks", [a.strip()])
    return None


def _was_there(change: Change, line: str) -> bool:
    return change.before is not None and line.strip() in map(str.strip, change.before.lines)


def _is_trusted(change: Change, hunk: Hunk, said: str) -> bool:
    """Tell whether what is hashed has to keep others out, by the words of a line, its function or its file."""
    first = hunk.after_start + 1
    names = (one.qualified for one in change.after.functions if one.line <= first <= one.end_line)
    return any(_TRUSTED.search(one) for one in (said, change.path, *names))


def _only_unwrapped(a: str, b: str, lost: "re.Match[str]") -> bool:
    """Tell whether a line is the same but for one call around a value."""
    words_a, words_b = re.findall(r"\w+", a), re.findall(r"\w+", b)
    gone = _less(words_a, words_b)
    return (
        bool(gone)
        and not _less(words_b, words_a)
        and all(word in lost[0] or word in a[lost.start() : lost.end() + 40] for word in gone)
        and len(gone) <= 5
    )


def _less(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Return the words of the first that are not in the second."""
    return list((Counter(a) - Counter(b)).elements())


def _without(a: str, b: str) -> bool:
    """Tell whether all words of the second line are in the first: something was only taken out."""
    words = _less(re.findall(r"\w+", b), re.findall(r"\w+", a))
    return not words


def _constant(change: Change, hunk: Hunk) -> Found | None:
    """Find a condition about rights that is decided in advance now."""
    old, new = _sides(change, hunk)
    if not new or len(old) > 40:
        return None
    for nth, line in enumerate(change.after.lines[hunk.after_start : hunk.after_end]):
        if len(line) > 500 or _COMMENT.match(line):
            continue
        if (was := _set_to_yes(line, old)) is not None:
            return Found(hunk.after_start + nth + 1, "a check of rights is decided in advance", missing=(was.strip(),))
        if not _CONSTANT.search(line) or any(_CONSTANT.search(one) for one in old) or _refuses_all(line):
            continue
        about_rights = _RIGHTS.search(line) or any(_RIGHTS.search(one) and _CONDITION.search(one) for one in old)
        guarding = any(_CONDITION.search(one) for one in old) and _is_place_of_rights(change, hunk)
        if about_rights or guarding:
            lost = tuple(one.strip() for one in old)
            return Found(hunk.after_start + nth + 1, "a check of rights is decided in advance", missing=lost)
    return None


def _refuses_all(line: str) -> bool:
    """Tell whether a condition that is never met now is one that lets in: then nobody gets in."""
    return bool(re.search(r"(?:&&|\band\b)\s*(?:false|False|0)\b", line)) and not re.search(
        r"!|\bnot\b|\bunless\b", line
    )


def _set_to_yes(line: str, old: Sequence[str]) -> str | None:
    """Return the line that worked out what a variable about rights is now simply set to be."""
    found = _SET.search(line)
    if not found or not re.match(r"(?i)true\s*[;,]?\s*$", found["value"]):
        return None
    for one in old:
        was = _SET.search(one[:500])
        if was and was["name"] == found["name"] and re.search(r"\w\W*[.(=&|]|\bin\b|\band\b", was["value"]):
            return one
    return None


def _taken_out(change: Change, hunk: Hunk) -> Found | None:
    """Find a check that was taken out of code that stays."""
    old, new = _sides(change, hunk)
    code = [one for one in old if one.strip()]
    if not code or len(code) > _LARGEST or len(new) > 3 or change.before is None:
        return None
    gone = [one for one in code if change.removed_lines.get(one.strip())]
    said = "\n".join(gone)
    alone = not any(_is_statement(change.after.lines[n - 1]) for n in change.added)
    guarding = alone and len(change.removed) <= _LARGEST and _is_place_of_rights(change, hunk)
    if not guarding and not _RIGHTS.search(said):
        return None
    if any(_RIGHTS.search(one) or _MIDDLEWARE.search(one) for one in new):
        return None
    label = next((one for one in gone if _LABEL.match(one)), None)
    first = next((n for n, one in enumerate(gone) if _guards(gone, n) or (guarding and _CONDITION.search(one))), None)
    if label is not None and len(code) <= 2 and not new:
        message = "the check of who may do this was taken away"
    elif (
        first is not None
        and _DENIES.search("\n".join(gone[first:]))
        and len(code) - len(gone) <= 2
        and first <= 2
        and len(gone) <= 8
    ):
        message = "a check of rights was taken out"
    else:
        return None
    if not _stays(change, hunk, label is not None) or _came_back(change, gone):
        return None
    return _place(change, hunk, message, [one.strip() for one in gone])


def _guards(lines: Sequence[str], nth: int) -> bool:
    """Tell whether a condition about rights begins at a line, or one that refuses in words that only rights use."""
    if not _CONDITION.search(lines[nth]):
        return False
    return bool(_RIGHTS.search(lines[nth])) or any(_REFUSES.search(one) for one in lines[nth : nth + 3])


def _is_statement(line: str) -> bool:
    return bool(re.search(r"\w", line)) and not _COMMENT.match(line)


def _is_place_of_rights(change: Change, hunk: Hunk) -> bool:
    """Tell whether the file or the function around a place is there to keep others out."""
    if _KEEPS_OUT.search(change.path):
        return True
    if change.before is None:
        return False
    first = hunk.before_start + 1
    return any(
        one.line <= first <= one.end_line and _KEEPS_OUT.search(one.qualified) for one in change.before.functions
    )


def _stays(change: Change, hunk: Hunk, is_label: bool) -> bool:
    """Tell whether the function around what was taken out, or right below it, is still there, and only this was taken."""
    if change.before is None or len(change.removed) > 3 * _LARGEST:
        return False
    first, last = hunk.before_start + 1, hunk.before_end
    if is_label:
        below = next((one for one in change.before.lines[hunk.before_end : hunk.before_end + 6] if one.strip()), "")
        above = change.after.lines[max(0, hunk.after_start - 1)] if change.after.lines else ""
        return bool(below.strip() or above.strip())
    inner = [
        one
        for one in change.before.functions
        if (one.line < first and one.end_line > last) or (one.line <= first and one.end_line > last)
    ]
    if not inner:
        return change.before.tree is None
    name = inner[-1].qualified
    return any(one.qualified == name for one in change.after.functions)


def _came_back(change: Change, gone: Sequence[str]) -> bool:
    """Tell whether the words of rights that went away are in something that the change adds."""
    words = {found[0].lower() for one in gone for found in _RIGHTS.finditer(one)} - {"401", "403"}
    names = {word.lower() for one in gone for word in re.findall(r"\w{5,}", one)}
    for number in change.added:
        line = change.after.lines[number - 1]
        if _COMMENT.match(line) or len(line) > 1000:
            continue
        found = {one[0].lower() for one in _RIGHTS.finditer(line)}
        if (
            found & words
            or (found and len(names & {word.lower() for word in re.findall(r"\w{5,}", line)}) >= 2)
            or (len(found) >= 1 and _CONDITION.search(line))
        ):
            return True
    return False


def _says_yes(change: Change) -> Iterator[Found]:
    """Find functions that answer whether something is allowed, and now begin by saying yes."""
    for before, after in change.functions:
        if (
            before is None
            or not after.name
            or not _ANSWERS.match(after.name)
            or not change.touched(after.line, after.end_line)
        ):
            continue
        now, was = _first(after), _first(before)
        if now is None or was is None or not change.touched(now[1]):
            continue
        if _YES.match(now[0]) and not _YES.match(was[0]):
            yield Found(now[1], f"{after.name} says yes before it looks at anything")


def _first(function: Function) -> tuple[str, int] | None:
    """Return the text and line of the first statement of a function."""
    body = function.body
    if body is None:
        return None
    for _ in range(4):
        inner = [one for one in body.named_children if "comment" not in one.type]
        if (
            len(inner) >= 1
            and inner[0].type == "expression_statement"
            and inner[0].named_children
            and inner[0].named_children[0].type == "string"
            and len(inner) > 1
        ):
            return text_of(inner[1]), inner[1].start_point[0] + 1
        if not inner:
            return None
        if inner[0].type in ("statements", "block", "body_statement", "statement_list", "compound_statement"):
            body = inner[0]
            continue
        return text_of(inner[0]), inner[0].start_point[0] + 1
    return None
