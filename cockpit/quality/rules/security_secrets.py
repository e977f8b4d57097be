"""Secrets written out: keys in known formats, private keys, passwords; examples and fixtures are told apart by what they hold."""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from cockpit.quality.languages import MARKDOWN
from cockpit.quality.rules.security_calls import LONGEST, Place
from cockpit.quality.rules.security_flow import in_comment
from cockpit.quality.source import Source

_FORMATS = re.compile(
    r"(?P<AWS_key>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    r"|(?P<GitHub_token>\bgh[pousr]_[A-Za-z0-9]{30,}\b|\bgithub_pat_[A-Za-z0-9_]{40,})"
    r"|(?P<GitLab_token>\bglpat-[\w-]{20,})"
    r"|(?P<Slack_token>\bxox[abeprs]-[\w-]{16,}|hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,})"
    r"|(?P<Stripe_key>\b[sr]k_live_[0-9A-Za-z]{12,})"
    r"|(?P<OpenAI_key>\bsk-(?:proj-|svcacct-|ant-)?[A-Za-z0-9_-]{20,}\b)"
    r"|(?P<Google_key>\bAIza[\w-]{35}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,})"
    r"|(?P<SendGrid_key>\bSG\.[\w-]{16,}\.[\w-]{16,})"
    r"|(?P<Twilio_key>\bSK[0-9a-f]{32}\b)"
    r"|(?P<package_token>\bnpm_[A-Za-z0-9]{36}\b|\bpypi-[\w-]{50,}|\brubygems_[0-9a-f]{40,})"
    r"|(?P<access_token>\bhf_[A-Za-z0-9]{30,}|\bdop_v1_[0-9a-f]{60,}|\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|\bhvs\.[\w-]{24,}|\b\d{8,10}:AA[\w-]{32,}|\bkey-[0-9a-f]{32}\b|\bEAACEdEose0cBA\w+|\bsq0(?:atp|csp)-[\w-]{22,}|\bdapi[0-9a-f]{32}\b|\blin_api_\w{40}|\bAGE-SECRET-KEY-1\w{58})"
    r"|(?P<storage_key>\bAccountKey=[A-Za-z0-9+/]{60,}={0,2})"
    r"|(?P<signed_token>\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})"
    r"|(?P<private_key>-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)"
    r"|(?P<password_in_an_address>\b[a-z][a-z0-9+]{2,20}://[\w.%+-]{0,60}:(?P<inurl>[^\s:/@'\"<>{}$\[\]()]{3,80})@(?P<host>[\w.-]{2,80}))"
    r"|(?i:(?P<password_of_a_connection>;\s*(?:password|pwd)\s*=\s*(?P<inconn>[^;\s'\"{}$<>]{5,80})\s*(?:;|['\"])))"
    r"|(?P<login_header>\b(?:Basic [A-Za-z0-9+/]{16,}={0,2}|Bearer [A-Za-z0-9_.=-]{20,})(?=['\"`]))"
)
_NAME = r"(?:pass(?:w(?:or)?d|phrase|wd|code)?|pwd|passwd|secret|api_?key|apikey|access_?key|auth_?key|private_?key|client_?secret|(?:encryption|signing|master|session|crypto|aes|hmac|jwt|service|account|shared|admin|license|storage)_?key|token|credentials?|secret_?key|auth)"
_ASSIGNED = re.compile(
    rf"(?i)(?<![\w.$@>-])(?P<name>[\w.$@>-]{{0,80}}?{_NAME}(?:_?(?:value|default|str|string|prod|production|live|dev|staging|key|id|key_?base|base|\d))?)(?P<q>['\"\]`]*)\s*"
    r"(?:\[\d*\]\s*)?(?::\s*(?:&?'?(?:static\s+)?[A-Za-z][\w.]*(?:<[^<>]*>)?[?!]?)\s*(?==))?(?P<sep>:=|=>|={1,3}|:|,|\|\||\?\?|\(|\.to\b|\bto\b)\s*(?P<more>(?:\|\||\?\?|or\b)?)\s*(?:[brfu@$]{0,2}|new\s+\w+\(|std::string\(|String::from\(|\w+\(\s*)(?P<quote>['\"`])(?P<value>[^'\"`\n]{3,200})(?P=quote)"
    r"(?P<tail>[^\n]{0,24})"
)
_FALLBACK = re.compile(
    rf"(?i){_NAME}\w{{0,40}}['\"\])]*\s*(?:,|\|\||\?\?|\?:|\bor\b)\s*(?P<quote>['\"`])(?P<value>[^'\"`\n]{{6,200}})(?P=quote)"
)
_BARE = re.compile(
    rf"(?i)^\s*(?:export\s+|set\s+|ENV\s+|ARG\s+|-\s+|local\s+|readonly\s+)?['\"]?(?P<name>[\w.-]{{0,80}}?{_NAME}\w{{0,40}})['\"]?(?P<sep>=|:\s+|\s+(?=\S+$))(?P<value>[^\s'\"`;&|(){{}}$<>#,]{{5,200}})\s*(?:#.*)?$"
)
_LOGIN = re.compile(
    r"(?:getConnection|connect|Connection|createConnection|login|auth|authenticate|set_?auth|basic_?auth|setBasicAuth|SetBasicAuth|HTTPBasicAuth|NetworkCredential|UsernamePassword\w*|PasswordAuthentication)\s*\(\s*(?:[^()\n]*,\s*)?(?P<quote>['\"])(?P<user>[\w.@-]{2,40})(?P=quote)\s*,\s*(?P=quote)(?P<value>[^'\"\n]{5,80})(?P=quote)\s*[,)]"
)
_OPTION = re.compile(
    r"(?:\s-p|\s--password[= ]|\s-P\s?|\s-u\s+\w+:|PGPASSWORD=)(?P<quote>['\"]?)(?P<value>[^\s'\"$<>{}]{6,80})(?P=quote)(?=\s|$)"
)
_INSTEAD = re.compile(r"(?i)env|getProperty|\|\||\?\?|config|\bor\b|\?:")
_SETTER = re.compile(r"(?i)(?:^|[.>_])(?:set|with|add)?_?\w*(?:password|secret|apikey|api_key|passphrase)$")
_CLIENT = re.compile(r"\b(?:mysql|mysqldump|sshpass|psql|PGPASSWORD|curl|redis-cli|mongo\w*|docker\s+login)\b")
_MIXED = re.compile(r"[A-Z0-9].*[a-z]|[a-z].*[A-Z0-9]")
_NO_SECRET_NAME = re.compile(
    r"(?i)(?:fields?|labels?|placeholder|hint|ur[li]|path|file\w*|header|param\w*|regex\w*|pattern|prefix|suffix|type|length|len|size|message|msg|error|text|title|column|col|env\w*|var|variable|format|kind|class|selector|input|event|action|route|policy|rule|attr\w*|prop\w*|store|manager|provider|service|endpoint|hash\w*|digest|csrf|style|count|limit|expir\w*|ttl|at|in|is|has|name|names|scheme|algorithm|alg|mode|hidden|public)$"
    r"|(?:public|csrf|xsrf|next|prev|page|sync|continuation|cursor|hash|checksum|sha\d*|digest|fingerprint|integrity|mock|fake|dummy|example|sample|test|stub|expected|bypass|compass|passenger|passed|encompass|author|tokenize|cancell?ation|foreign|primary|cache|sort|partition|row|storage_key|i18n)"
)
_PLACEHOLDER = re.compile(
    r"(?i)example|sample|dummy|placeholder|change[-_ ]?(?:me|this|it)|replace|redacted|removed|your|(?:^|[^a-z])(?:insert|enter|todo|fake|test(?:ing|ed)?|tests?\d*|mock|foo|bar|baz|demo|none|null|empty|fixme|(?:goes|key|token|secret|password|value)[-_ ]?here|some|any|my|secret[-_](?:key|value|token|name|here)|user|default|dev|invalid|wrong|unset|undefined)(?:[^a-z]|$)"
    r"|xxx|\*\*\*|\.\.\.|…|___|---(?!--BEGIN)|(?P<same>.)(?P=same){5}|<[^>]*>|\$\{|\{\{|\$\(|\$[A-Z_a-z]|%[sdv(]|#\{|\\\(|\{[\w.]*\}|process\.env|getenv|environ|^enc\(|^vault:|^ref\+|^arn:|^ssm:|^op://|^secretref|^projects/|^keychain:|^env[:(]"
)
_PLACEHOLDER_IN_FORMAT = re.compile(
    r"(?i)example|sample|dummy|placeholder|redacted|change[-_]?me|your|xxxx|\*\*\*|\.\.\.|…|(?P<same>.)(?P=same){7}|(?:^|[-_.])(?:test|fake|mock|demo|foo|bar|insert|todo|here|token|key|secret|value|abc|some|my)(?:[-_.]|$)|<|\$\{|\{\{|%s"
)
_WORDS = re.compile(r"[a-z]+(?:[-_.: /][a-z]+)*|[A-Z]+(?:_[A-Z0-9]+)*|[a-z]+(?:[A-Z][a-z]+)*|(?:[A-Z][a-z]+)+")
_WEAK = re.compile(
    r"(?i)^(?:p[a@][s5$]{2}w[o0]rd|s3cr3t|hunter|correct-?horse|admin|letmein|qwerty|welcome|root|changeme|(?:super|very|top)[-_ ]?(?:strong|secret|secure)|passw0rd)[\w@!#$%-]*$"
)
_HEX = re.compile(r"(?i)^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$")
_CODE_LIKE = re.compile(
    r"[\s]{1}\S+\s|^[./~#]|^https?:|^\w+://|^[\w-]+\.(?:json|ya?ml|txt|pem|key|crt|py|js|ts|html?|css|md|env|xml|conf|ini|sh)$|[<>{}\[\]|;]|^\w+\.\w+\.\w+$|^[\w.]+\(|^(?:application|text|image)/|^\w+(?::\w+){1,9}$|^\W+$|^\d+(?:\.\d+)*$|^@\w|^v?\d+\.\d"
)
_SHOWN = re.compile(
    r"(?i)(?:^|[/_.-])(?:__mocks__|mocks?|fixtures?|testdata|test[-_]data|snapshots?|__snapshots__|stories|storybook|samples?|examples?|docs?|documentation|demos?|tutorials?|i18n|locales?|lang|translations?|seeds?|seeders?|factories|fakes?|stubs?|playground|cassettes|golden|vendor|third_?party|node_modules|min)(?:[/_.-]|$)"
    r"|\.(?:lock|svg|map|snap|po|pot|ipynb|sum|lockb)$|lock\.(?:json|ya?ml)$|\.(?:example|sample|template|dist)$|(?:CHANGELOG|README|CHANGES|HISTORY)\b"
)
_TESTS = re.compile(
    r"(?i)(?:^|[/_.-])(?:tests?|specs?|testing|__tests__|test_?(?:utils?|lib|helpers?|support)|e2e|cypress|conftest|benchmarks?)(?:[/_.-]|$)|(?-i:Tests?[/.]|Spec\.\w+$)"
)
_SAID_FAKE = re.compile(r"(?i)fake|dummy|example|mock|invalid|fixture|sample|stub|expected")
# In a test only what can be nothing but a real key counts.
_LIVE = frozenset(
    [
        "AWS_key",
        "GitHub_token",
        "GitLab_token",
        "Stripe_key",
        "Slack_token",
        "Google_key",
        "SendGrid_key",
        "package_token",
        "access_token",
        "OpenAI_key",
    ]
)


def is_shown(path: str) -> bool:
    """Tell whether a path says that its file is a fixture, an example, documentation, or made by a tool."""
    return bool(_SHOWN.search(path))


def is_test(path: str) -> bool:
    """Tell whether a path says that its file is a test."""
    return bool(_TESTS.search(path))


def secrets(source: Source, lines: Iterable[int]) -> Iterator[Place]:
    """Yield the secrets that stand on some lines of a text."""
    if is_shown(source.path):
        return
    tests = is_test(source.path)
    prose = source.language.kind == "prose" or source.language is MARKDOWN
    for line in lines:
        text = source.lines[line - 1][:LONGEST]
        if len(text) < 8:
            continue
        place = _format(source, line, text, tests) or (None if prose or tests else _assignment(source, line, text))
        if place is not None and not in_comment(source, line, place.column - 1):
            yield place


def _format(source: Source, line: int, text: str, tests: bool) -> Place | None:
    if tests and _SAID_FAKE.search(text):
        return None
    for found in _FORMATS.finditer(text):
        name = next(key for key, value in found.groupdict().items() if value and key not in ("inurl", "host", "inconn"))
        value = found[0]
        if tests and (name not in _LIVE or not re.search(r"\d", value) or _entropy(value) < 3.5):
            continue
        if _is_real(name, found, source, line):
            return Place(
                "secret", line, found.start() + 1, value, f"a secret is written out ({name.replace('_', ' ')})"
            )
    return None


def _is_real(name: str, found: "re.Match[str]", source: Source, line: int) -> bool:
    """Tell whether what has the form of a secret is one, by what its kind asks for."""
    value = found[0]
    if name == "private_key":
        return _has_body(source, line, found.end())
    if name == "password_in_an_address":
        return _is_real_address(found["inurl"], found["host"])
    if name == "password_of_a_connection":
        return _is_password(found["inconn"])
    if name == "signed_token":
        return True
    if _PLACEHOLDER_IN_FORMAT.search(value):
        return False
    if name == "login_header":
        return _entropy(value.split()[1]) >= 3.2 and bool(re.search(r"\d", value))
    if name == "OpenAI_key":
        return _entropy(value) >= 3.3 and bool(re.search(r"\d", value)) and bool(_MIXED.search(value[3:]))
    return _entropy(value) >= 2.6


def _has_body(source: Source, line: int, end: int) -> bool:
    """Tell whether a private key has its key, or only the line that begins one."""
    rest = source.lines[line - 1][end : end + 400].replace("\\n", "").replace("\\r", "")
    follow = " ".join(source.lines[line : line + 4])[:800]
    if re.search(r"\bMI[A-Za-z0-9+/]{14,}", rest + " " + follow):
        return True
    return any(
        not _PLACEHOLDER_IN_FORMAT.search(one) and _entropy(one) > 3.5
        for one in re.findall(r"[A-Za-z0-9+/]{40,}", rest + " " + follow)
    )


def _is_real_address(value: str, host: str) -> bool:
    if re.search(
        r"(?i)^(?:localhost|127\.|0\.0\.0\.0|example|host|hostname|server|domain|proxy|test|foo|\[?::1|your|my|db$|postgres$|mysql$|redis$|mongo)|example\.|\.test$|\.invalid$|\.local(?:host)?$",
        host,
    ) and not re.search(r"[^\w]|\d.*[A-Za-z]|[A-Za-z].*\d", value):
        return False
    if re.search(
        r"(?i)example\.(?:com|org|net)|^(?:localhost|127\.|example|host|hostname|server|domain|proxy|foo)", host
    ):
        return False
    return (
        not _PLACEHOLDER.search(value)
        and value.lower()
        not in ("password", "pass", "pwd", "passwd", "secret", "user", "token", "pw", "port", "username")
        and not value.isdigit()
    )


def _assignment(source: Source, line: int, text: str) -> Place | None:
    quoted = "'" in text or '"' in text or "`" in text
    for found in _ASSIGNED.finditer(text) if quoted else ():
        if _assigns(found) and _is_secret(found["name"], found["value"], found["tail"]):
            return _place(line, found.start("value"), found["value"])
    for found in _FALLBACK.finditer(text):
        name = found[0].split(found["quote"])[0]
        if _INSTEAD.search(text[: found.end()]) and _is_secret(name, found["value"], ""):
            return _place(line, found.start("value"), found["value"])
    login = _LOGIN.search(text)
    if login and _is_password(login["value"]):
        return _place(line, login.start("value"), login["value"])
    return _unquoted(source, line, text)


def _assigns(found: "re.Match[str]") -> bool:
    """Tell whether what stands between a name and a value gives that value to what the name stands for."""
    name, between = found["name"], found["sep"]
    if between == ",":
        return bool(found["q"])
    if between == "(":
        return bool(_SETTER.search(name))
    return between != "==" or bool(re.search(r"(?i)pass|pwd|secret|key$", name))


def _unquoted(source: Source, line: int, text: str) -> Place | None:
    """Find what is assigned without quotes: in shells, settings and YAML, and as an option of a command."""
    language = source.language.name
    if language not in ("shell", "yaml", "other"):
        return None
    found = _BARE.match(text)
    separated = found and (found["sep"] == "=" or (found["sep"][0] == ":" and language != "shell") or "ENV" in found[0])
    if found and separated and _is_secret(found["name"], found["value"], ""):
        return _place(line, found.start("value"), found["value"])
    if language == "shell" and _CLIENT.search(text):
        option = _OPTION.search(text)
        if option and _is_password(option["value"]) and not option["value"].isdigit():
            return _place(line, option.start("value"), option["value"])
    return None


def _place(line: int, column: int, value: str) -> Place:
    return Place(
        "secret", line, column + 1, value, "a secret is written out: read it from the environment or a store of secrets"
    )


def _is_secret(name: str, value: str, tail: str) -> bool:
    """Tell whether what is assigned to a name that speaks of secrets is a real one."""
    bare = re.sub(r"[^A-Za-z0-9_]+$", "", name).rstrip("_")
    last = re.split(r"[.>@$]", bare)[-1]
    if _NO_SECRET_NAME.search(last) or tail.lstrip().startswith(("+", "%", ".format", "if ", "?")):
        return False
    if re.search(r"(?i)pass|pwd", last):
        return _is_password(value)
    if _PLACEHOLDER.search(value) or _CODE_LIKE.search(value) or " " in value:
        return bool(_WEAK.match(value)) and not _PLACEHOLDER.search(value)
    if _WEAK.match(value):
        return len(value) >= 8
    if _WORDS.fullmatch(value):
        return False
    strong = bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))
    if re.search(r"(?i)(?:token|auth|credentials?|id)$", last) and not re.search(
        r"(?i)auth_?token|access_?token|api_?token|secret", last
    ):
        return strong and len(value) >= 16 and _entropy(value) >= 3.3
    return strong and len(value) >= 8 and _entropy(value) >= 2.6


def _is_password(value: str) -> bool:
    """Tell whether a value is a password and not a word about one, a placeholder, a pattern or a hash."""
    if _PLACEHOLDER.search(value) or _HEX.match(value) or value.count(" ") > 0:
        return False
    if _WEAK.match(value):
        return bool(re.search(r"[\d@$!]|(?i:super|letmein|hunter)", value))
    if (
        len(value) < 6
        or _WORDS.fullmatch(value)
        or value.startswith(("$2a$", "$2b$", "$2y$", "$argon2", "$6$", "$5$", "$1$", "pbkdf2", "{bcrypt}", "sha1$"))
    ):
        return False
    if _CODE_LIKE.search(value) and not re.search(r"\d.*[!@#%^&*]|[!@#%^&*].*\d", value):
        return False
    return bool(re.search(r"[A-Za-z]", value) and re.search(r"\d|[!@#$%^&*]", value)) and not re.fullmatch(
        r"[a-z]+[-_.][a-z]+\d?|[a-z]+[12]?|[a-z.]+[*!?:]+|\W?[a-z_]+\W?", value
    )


def _entropy(text: str) -> float:
    times = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in times.values()) if text else 0.0
