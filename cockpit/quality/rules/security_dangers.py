"""The table of calls and settings that open a door: where to look for each, and what its arguments must be to count.

Long, because it is one table for thirteen languages; it judges nothing itself.
"""

# ruff: noqa: E501 -- a pattern that is broken over lines cannot be read as one

import re
from dataclasses import dataclass
from functools import cached_property

from cockpit.quality.rules.security_flow import Flow

PYTHON = frozenset({"python"})
SCRIPT = frozenset({"javascript", "typescript", "tsx", "vue", "svelte"})
GO = frozenset({"go"})
RUST = frozenset({"rust"})
JVM = frozenset({"java", "kotlin"})
NATIVE = frozenset({"c", "cpp"})
CSHARP = frozenset({"csharp"})
RUBY = frozenset({"ruby"})
PHP = frozenset({"php"})
SWIFT = frozenset({"swift"})
SHELL = frozenset({"shell", "other"})
CODE = PYTHON | SCRIPT | GO | RUST | JVM | NATIVE | CSHARP | RUBY | PHP | SWIFT
DATA = frozenset({"yaml", "toml", "json"})


@dataclass(frozen=True)
class Danger:
    """What opens a door: where to look, and from which `least` flow on the arguments (`which`; None: all) matter."""

    kind: str
    languages: frozenset[str]
    pattern: re.Pattern[str]
    message: str
    least: Flow = Flow.CONSTANT
    which: int | None = 0
    unless: re.Pattern[str] | None = None
    inside: bool = False  # the place is an argument: the call is the one around it
    needs: str = ""  # what the file must speak of for the name to mean this
    text: bool = False  # may stand in a text, such as a command that is handed to a shell

    @cached_property
    def anywhere(self) -> re.Pattern[str]:
        """The pattern for a text of several lines."""
        return re.compile(self.pattern.pattern, re.MULTILINE)


def _row(
    kind: str,
    languages: frozenset[str],
    pattern: str,
    message: str,
    least: Flow = Flow.CONSTANT,
    *,
    which: int | None = 0,
    unless: str = "",
    inside: bool = False,
    needs: str = "",
    text: bool = False,
) -> Danger:
    reason = re.compile(unless) if unless else None
    return Danger(kind, languages, re.compile(pattern), message, least, which, reason, inside, needs, text)


_EVAL = "runs text as code that is not written out here"
_SHELL = "gives a shell a command put together from values"
_TLS = "switches off that certificates are checked"
_UNPACK = "unpacks data in a form that can run code"
_RIGHTS = "lets everyone write"

DANGERS: tuple[Danger, ...] = (
    # running text as code
    _row("eval", PYTHON, r"(?<![\w.])(?:eval|exec)\s*\(", _EVAL, Flow.PLAIN, unless=r"compile\(|open\("),
    _row("eval", SCRIPT, r"(?<![\w.$])(?:(?:window|globalThis|global)\.)?eval\s*\(", _EVAL, Flow.PLAIN),
    _row("eval", SCRIPT, r"(?<![\w.$])(?:new\s+)?Function\s*\(", _EVAL, Flow.PLAIN, which=None),
    _row("eval", SCRIPT, r"(?<![\w.$])(?:window\.)?set(?:Timeout|Interval)\s*\(\s*['\"`]", _EVAL, Flow.BUILT),
    _row("eval", SCRIPT, r"\bvm\.run(?:InNewContext|InThisContext|InContext)\s*\(", _EVAL, Flow.PLAIN),
    _row(
        "eval",
        JVM,
        r"(?i)\b\w*(?:engine|shell|nashorn|groovy|script|js|interpreter)\w*(?:\(\))?\.(?:eval|evaluate)\s*\(",
        _EVAL,
        Flow.PLAIN,
    ),
    _row("eval", JVM, r"\.eval\s*\(", _EVAL, Flow.PLAIN, needs="ScriptEngine"),
    _row(
        "unpack",
        SWIFT,
        r"\bNSKeyedUnarchiver\.(?:unarchiveObject|unarchiveTopLevelObjectWithData)\s*\(",
        _UNPACK,
        Flow.PLAIN,
    ),
    _row(
        "eval", RUBY, r"(?<![\w.])eval\b\s*\(?", _EVAL, Flow.PLAIN, unless=r"\b(?:binding|TOPLEVEL_BINDING|__FILE__)\b"
    ),
    _row("eval", RUBY, r"(?<![\w.])eval\b\s*\(?", _EVAL, Flow.INPUT),
    _row("eval", RUBY, r"\b(?:instance|class|module)_eval\b[ (]", _EVAL, Flow.INPUT),
    _row(
        "eval",
        RUBY,
        r"(?<!\w)(?:public_)?(?:send|constantize|const_get)\b[ (]",
        "calls whatever method the input names",
        Flow.INPUT,
    ),
    _row(
        "eval",
        PHP,
        r"(?<![\w>:$])(?:eval|assert|create_function)\s*\(",
        _EVAL,
        Flow.BUILT,
        unless=r"assert\s*\([^$]*(?:instanceof|[<>=]|is_)",
    ),
    _row("eval", PHP, r"(?<![\w>:$])eval\s*\(", _EVAL, Flow.PLAIN),
    _row(
        "include",
        PHP,
        r"(?<![\w>:$])(?:include|require)(?:_once)?\b",
        "loads a file that the input names",
        Flow.INPUT,
        which=None,
    ),
    # shells
    _row(
        "shell",
        PYTHON,
        r"\b(?:os\.(?:system|popen)|commands\.getoutput|subprocess\.get(?:status)?output)\s*\(",
        _SHELL,
        Flow.PLAIN,
    ),
    _row("shell", PYTHON, r"\bshell\s*=\s*True\b", _SHELL, Flow.PLAIN, inside=True),
    _row("shell", PYTHON, r"\b(?:create_subprocess_shell)\s*\(", _SHELL, Flow.PLAIN),
    _row(
        "shell",
        SCRIPT,
        r"(?<![\w$])(?:child_process(?:['\"]\))?\.|cp\.|childProcess\.)?(?<!\w\.)exec(?:Sync|Async)?\s*\(",
        _SHELL,
        Flow.BUILT,
    ),
    _row(
        "shell", SCRIPT, r"\b(?:child_process(?:['\"]\))?\.|cp\.|childProcess\.)exec(?:Sync)?\s*\(", _SHELL, Flow.PLAIN
    ),
    _row("shell", SCRIPT, r"(?<![\w.$])exec(?:Sync|Async|Promise)?\s*\(", _SHELL, Flow.PLAIN, needs="child_process"),
    _row("shell", SCRIPT, r"\bshell\s*:\s*true\b", _SHELL, Flow.PLAIN, which=None, inside=True),
    _row(
        "shell",
        GO,
        r"\bexec\.Command(?:Context)?\s*\(",
        _SHELL,
        Flow.PLAIN,
        which=None,
        unless=r"^(?!.*[\"`](?:/\w+/)*(?:ba|z|da|k)?sh[\"`]\s*,\s*[\"`]-\w*c|.*[\"`](?:cmd(?:\.exe)?)[\"`]\s*,\s*[\"`]/[cC]|.*(?:powershell|pwsh))",
    ),
    _row(
        "shell",
        GO,
        r"\bexec\.Command(?:Context)?\s*\(",
        "runs a program that the input names",
        Flow.INPUT,
        unless=r"Context\(",
    ),
    _row("shell", RUST, r"\bCommand::new\s*\(", "runs a program that the input names", Flow.INPUT),
    _row("shell", PYTHON, r"\bsubprocess\.\w+\s*\((?!\s*\[)", "runs a program that the input names", Flow.INPUT),
    _row("eval", SWIFT, r"\bevaluate(?:JavaScript|Script)\s*\(|\bNSAppleScript\s*\(", _EVAL, Flow.BUILT),
    _row(
        "shell",
        RUST,
        r"Command::new\s*\(\s*\"(?:/\w+/)*(?:ba|z|da)?sh\"\s*\)|Command::new\s*\(\s*\"(?:cmd|powershell)(?:\.exe)?\"",
        _SHELL,
        Flow.PLAIN,
        which=-2,
    ),
    _row("shell", JVM, r"\b(?:getRuntime\(\)|runtime|rt)\.exec\s*\(", _SHELL, Flow.PLAIN),
    _row(
        "shell",
        JVM,
        r"\bProcessBuilder\s*\(",
        _SHELL,
        Flow.PLAIN,
        which=None,
        unless=r"^(?!.*[\"](?:/\w+/)*(?:ba|z)?sh\"\s*,\s*\"-\w*c|.*\"cmd(?:\.exe)?\"\s*,\s*\"/[cC]|.*powershell)",
    ),
    _row(
        "shell",
        NATIVE,
        r"(?<![\w.>])(?:std::|::)?(?:system|_?popen|ShellExecute[AW]?|WinExec|wordexp)\s*\(",
        _SHELL,
        Flow.PLAIN,
    ),
    _row("shell", NATIVE, r"(?<![\w.>])execl[pe]?\s*\(\s*\"(?:/\w+/)*sh\"", _SHELL, Flow.PLAIN, which=None),
    _row("shell", CSHARP, r"\bProcess\.Start\s*\(", _SHELL, Flow.PARAMETER, which=None),
    _row(
        "shell",
        CSHARP,
        r"\bnew\s+ProcessStartInfo\s*\(\s*@?\"(?:cmd|powershell|pwsh|/bin/(?:ba)?sh|bash|sh)\b",
        _SHELL,
        Flow.PLAIN,
        which=None,
    ),
    _row(
        "shell",
        RUBY,
        r"(?<![\w.:@])(?:(?:Kernel|IO|Open3)\.)?(?:system|exec|spawn|popen|capture[23]e?|popen3)\b[ (]",
        _SHELL,
        Flow.BUILT,
        which=0,
    ),
    _row(
        "shell",
        RUBY,
        r"(?<![\w.:@])(?:Kernel\.)?(?:system|exec)\b[ (]",
        _SHELL,
        Flow.PARAMETER,
        which=0,
        unless=r"\*|,",
    ),
    _row("shell", RUBY, r"(?<!\w)`[^`\n]*#\{|%x[\[({][^\n]*#\{", _SHELL, Flow.PLAIN, which=-1),
    _row(
        "shell",
        PHP,
        r"(?<![\w>:$\\])(?:shell_exec|exec|system|passthru|popen|proc_open)\s*\(",
        _SHELL,
        Flow.PLAIN,
        unless=r"escapeshell",
    ),
    _row("shell", PHP, r"=\s*`[^`\n]*\$", _SHELL, Flow.CONSTANT),
    _row("shell", SWIFT, r"\.arguments\s*=\s*\[\s*\"-c\"", _SHELL, Flow.PLAIN, which=-3),
    _row("shell", SWIFT, r"(?<![\w.])(?:system|popen)\s*\(", _SHELL, Flow.PLAIN),
    _row(
        "shell",
        SHELL,
        r"(?<![\w-])eval\s+[\"']?\$(?:\{?(?:[0-9@*]|[A-Za-z_]*(?:INPUT|ARG|CMD|COMMAND|USER|QUERY|PARAM|input|arg|cmd|command|user|query|param|expr|code|script)\w*)\b|\{?[@*1-9])",
        _SHELL,
    ),
    _row(
        "shell",
        SHELL,
        r"(?<![\w-])(?:ba|z|da|k)?sh\s+-c\s+\"?\$(?:\{?[0-9@*]|\{?\w*(?i:input|arg|cmd|command|user|query|param|expr|code|script)\w*)",
        _SHELL,
    ),
    _row(
        "shell",
        SHELL,
        r"\b(?:curl|wget)\b[^|;&\n]*(?:https?://|\$)[^|;&\n]*\|\s*(?:sudo\s+)?(?:-E\s+)?(?:/(?:usr/)?bin/)?(?:ba|z|da|k)?sh\b|\b(?:ba|z)?sh\s+(?:-c\s+\"?\$\(|<\()\s*(?:curl|wget)\b",
        "runs a script straight from the net",
    ),
    # certificates and hosts
    _row(
        "tls",
        PYTHON,
        r"\b(?:verify|verify_ssl|ssl_verify|verify_certs|validate_certs?|(?<!self\.)check_hostname|verify_hostname|assert_hostname)\s*=\s*False\b",
        _TLS,
    ),
    _row(
        "tls",
        PYTHON,
        r"(?:['\"](?:verify(?:_ssl|_certs|_signature|_exp|_aud)?|validate_certs?|check_hostname)['\"])(?:\s*:|\]\s*=)\s*False\b",
        _TLS,
    ),
    _row(
        "tls",
        PYTHON,
        r"\bssl\s*=\s*False\b(?=.*\))",
        _TLS,
        inside=True,
        which=None,
        unless=r"^(?!.*(?i:connector|session|http|get\(|post\(|request))",
    ),
    _row(
        "tls",
        PYTHON,
        r"\bssl\._create_(?:unverified_context|default_https_context\s*=\s*ssl\._create_unverified)|_create_unverified_context\b",
        _TLS,
    ),
    _row(
        "tls",
        PYTHON,
        r"(?:verify_mode|cert_reqs)\s*=\s*(?:ssl\.)?(?:CERT_NONE|['\"](?:CERT_)?NONE['\"])|\bssl\.CERT_NONE\b(?=\s*(?:$|[,)]))",
        _TLS,
    ),
    _row(
        "tls", PYTHON, r"\[['\"](?:PYTHONHTTPSVERIFY|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE)['\"]\]\s*=\s*['\"]0?['\"]", _TLS
    ),
    _row(
        "tls",
        SCRIPT,
        r"\brejectUnauthorized['\"]?\s*[:=]\s*(?:false|!1)\b|\bstrictSSL['\"]?\s*[:=]\s*false\b|\binsecure\s*:\s*true\b",
        _TLS,
    ),
    _row("tls", SCRIPT, r"['\"]?NODE_TLS_REJECT_UNAUTHORIZED['\"]?\]?\s*[:=]\s*['\"`]?0", _TLS),
    _row(
        "tls",
        SCRIPT,
        r"\bcheckServerIdentity\s*[:=]\s*(?:\([^)]*\)|\w+|function\s*\([^)]*\))\s*(?:=>)?\s*(?:undefined|null|\{\s*(?:return\s*(?:undefined|null|true)?\s*;?)?\s*\}|true)",
        _TLS,
    ),
    _row("tls", GO, r"\bInsecureSkipVerify\s*(?::|=)\s*true\b", _TLS),
    _row("tls", GO, r"\bssh\.InsecureIgnoreHostKey\s*\(", "accepts any SSH host"),
    _row(
        "tls",
        RUST,
        r"\bdanger_accept_invalid_(?:certs|hostnames)\s*\(\s*true|\bSslVerifyMode::NONE\b|\.dangerous\(\)\s*\.\s*(?:with_custom|set_)certificate_verifier|\bset_verify_hostname\s*\(\s*false|\bverify_hostname\s*\(\s*false|\bssl_verify_(?:peer|host)\s*\(\s*false",
        _TLS,
    ),
    _row(
        "tls",
        JVM,
        r"(?i)\bNoopHostnameVerifier\b|\bALLOW_ALL_HOSTNAME_VERIFIER\b|\bTrustAll\w*\b(?=\s*[.()])|\bInsecureTrustManagerFactory\b|\bTrustAllStrategy\b|\bNullHostnameVerifier\b",
        _TLS,
        unless=r"^import",
    ),
    _row(
        "tls",
        JVM,
        r"(?i)hostnameVerifier\s*(?:=\s*|\(\s*)?(?:HostnameVerifier\s*)?\{?\s*\(?\s*\w+\s*,\s*\w+\s*\)?\s*->\s*(?:\{\s*return\s+)?true",
        _TLS,
    ),
    _row(
        "tls",
        JVM,
        r"\bverify\s*\(\s*(?:final\s+)?String\s+\w+\s*,\s*(?:final\s+)?SSLSession\s+\w+\s*\)\s*\{\s*return\s+true",
        _TLS,
    ),
    _row(
        "tls",
        JVM,
        r"\bcheckServerTrusted\s*\([^)]*\)\s*(?:throws\s+[\w.]+\s*)?(?::\s*Unit\s*)?(?:\{\s*(?://.*)?\}|=\s*Unit)",
        _TLS,
    ),
    _row(
        "tls",
        NATIVE | PHP | SWIFT | CSHARP,
        r"\bCURLOPT_(?:SSL|PROXY_SSL)_VERIFY(?:PEER|HOST)\s*(?:,|=>)\s*(?:0L?|false|FALSE)\b",
        _TLS,
    ),
    _row(
        "tls",
        NATIVE,
        r"\bSSL_(?:CTX_)?set_verify\s*\([^,]+,\s*SSL_VERIFY_NONE|\bverify_none\b|\bset_verify_mode\s*\([^)]*verify_none|\bQSslSocket::VerifyNone\b|\bMBEDTLS_SSL_VERIFY_NONE\b|\bignoreSslErrors\s*\(\s*\)",
        _TLS,
    ),
    _row("tls", NATIVE, r"\bmbedtls_ssl_conf_authmode\s*\([^,]+,\s*MBEDTLS_SSL_VERIFY_NONE", _TLS),
    _row(
        "tls",
        CSHARP,
        r"ServerCertificate(?:Custom)?ValidationCallback\s*\+?=\s*(?:(?:\([^)]*\)|\w+|delegate\s*(?:\([^)]*\))?)\s*(?:=>)?\s*\{?\s*(?:return\s+)?true\b|.*DangerousAcceptAny)|\bDangerousAcceptAnyServerCertificateValidator\b|\bTrustServerCertificate\s*=\s*[Tt]rue\b(?=\s*;)",
        _TLS,
    ),
    _row(
        "tls",
        RUBY,
        r"\bVERIFY_NONE\b|\b(?:verify_ssl|ssl_verify|verify|verify_peer|verify_hostname)(?::|\s*=>|\s*=)\s*false\b|\bverify_mode\s*=\s*(?:0|nil)\b|\bverify_ssl(?::|\s*=>|\s*=)\s*(?:0|nil|:none)\b",
        _TLS,
    ),
    _row(
        "tls",
        PHP,
        r"['\"](?:verify|verify_peer|verify_peer_name|verify_host)['\"]\s*=>\s*false\b|\bwithoutVerifying\s*\(|['\"]allow_self_signed['\"]\s*=>\s*true",
        _TLS,
    ),
    _row(
        "tls",
        SWIFT,
        r"\bcertificateVerification\s*(?:=|:)\s*\.none\b|\bDisabledTrustEvaluator\s*\(\)|\bDisabledEvaluator\s*\(\)|\bvalidatesDomainName\s*=\s*false|\ballowInvalidCertificates\s*=\s*true|\bURLCredential\s*\(\s*trust:\s*challenge\.protectionSpace\.serverTrust!\s*\)|\ballowsExpired\w*Certificates?\w*\s*[:=]\s*true",
        _TLS,
    ),
    _row(
        "tls",
        SHELL | frozenset({"yaml"}),
        r"\bcurl\b[^|;\n]*\s(?:-[a-zA-Z]*k[a-zA-Z]*|--insecure)(?=\s|$)|\bwget\b[^|;\n]*\s--no-check-certificate\b|\bhttp\.sslVerify[ =]+(?:false|0)\b|\bGIT_SSL_NO_VERIFY=(?:1|true)|\bNODE_TLS_REJECT_UNAUTHORIZED=['\"]?0|\bPYTHONHTTPSVERIFY=['\"]?0|\bStrictHostKeyChecking[= ]no\b|\bnpm\s+(?:config\s+)?set\s+strict-ssl[ =]+false|--no-verify-ssl\b|\s--trusted-host\b",
        _TLS,
    ),
    _row(
        "tls",
        DATA,
        r"(?i)['\"]?(?:insecure_?skip_?(?:tls_?)?verify|skip_?tls_?verify|tls_?insecure|insecure_skip_tls_verify)['\"]?\s*[:=]\s*true\b|['\"]?(?:verify_?ssl|ssl_?verify|tls_?verify|validate_certs|reject_?unauthorized|strict-ssl)['\"]?\s*[:=]\s*['\"]?(?:false|no|0)\b",
        _TLS,
    ),
    # unpacking
    _row(
        "unpack",
        PYTHON,
        r"\b(?:c?[pP]ickle|_pickle|dill|cloudpickle|marshal|jsonpickle|joblib)\.(?:loads?|decode)\s*\(|\b(?:pickle\.)?Unpickler\s*\(|\bshelve\.open\s*\(|\bpd\.read_pickle\s*\(",
        _UNPACK,
        Flow.PLAIN,
        unless=r"\bdumps\b",
    ),
    _row(
        "unpack",
        PYTHON,
        r"\byaml\.(?:unsafe_load|unsafe_load_all|full_load|load|load_all)\s*\(",
        _UNPACK,
        Flow.PLAIN,
        unless=r"(?i)(?<!un)safe_?loader|BaseLoader|RoundTrip|typ\s*=\s*['\"]safe",
    ),
    _row(
        "unpack",
        SCRIPT,
        r"\b(?:serialize|nodeSerialize|nodeserialize|funcster)\.unserialize\s*\(|(?<![\w.])unserialize\s*\(|\bv8\.deserialize\s*\(",
        _UNPACK,
        Flow.PLAIN,
    ),
    _row(
        "unpack",
        JVM,
        r"\bObjectInputStream\s*\([^\n]*\.readObject\s*\(|\bnew\s+(?:XMLDecoder|XStream)\s*\(|\benableDefaultTyping\s*\(|\bactivateDefaultTyping\s*\(\s*LaissezFaire",
        _UNPACK,
    ),
    _row(
        "unpack",
        JVM,
        r"\bnew\s+ObjectInputStream\s*\(|(?<![\w.])ObjectInputStream\s*\(",
        _UNPACK,
        Flow.PLAIN,
        unless=r"ByteArrayInputStream",
    ),
    _row(
        "unpack",
        CSHARP,
        r"\bnew\s+(?:BinaryFormatter|NetDataContractSerializer|LosFormatter|SoapFormatter|ObjectStateFormatter)\s*\(|\bTypeNameHandling\s*=\s*(?:\w+\.)*TypeNameHandling\.(?:All|Auto|Objects)\b",
        _UNPACK,
    ),
    _row("unpack", RUBY, r"\bMarshal\.(?:load|restore)\b", _UNPACK, Flow.PLAIN, unless=r"\bdump\b"),
    _row("unpack", RUBY, r"\b(?:YAML|Psych)\.unsafe_load(?:_file)?\b", _UNPACK, Flow.PLAIN),
    _row("unpack", RUBY, r"\b(?:YAML|Psych)\.load\b", _UNPACK, Flow.PLAIN, unless=r"safe|permitted_classes"),
    _row(
        "unpack",
        PHP,
        r"(?<![\w>:$])unserialize\s*\(",
        _UNPACK,
        Flow.PLAIN,
        unless=r"allowed_classes|serialize\s*\(\s*serialize|(?<!un)serialize\(",
    ),
    # text for pages
    _row(
        "page",
        PHP,
        r"(?<![\w$])(?:echo|print)\b[^;\n]*\$_(?:GET|POST|REQUEST|COOKIE|SERVER)\b",
        "shows input in a page as it came",
        unless=r"htmlspecialchars|htmlentities|intval|\(int\)|json_encode|strip_tags|urlencode|esc_|\?[^:]*:",
    ),
    _row(
        "page",
        SCRIPT,
        r"\b(?:innerHTML|outerHTML)\s*\+?=\s*[^=][^;\n]*\b(?:location\.(?:hash|search|href)|req\.(?:query|body|params)|URLSearchParams|userInput|user_input|document\.URL|\.value)\b|\bdocument\.write(?:ln)?\s*\([^)\n]*location\b|dangerouslySetInnerHTML=\{\{\s*__html:\s*(?:props\.|req\.|user|input|location|query|searchParams)",
        "shows input in a page as it came",
        unless=r"(?i)sanitiz|escape|purify",
    ),
    _row(
        "page",
        SCRIPT,
        r"\bres(?:ponse)?\.(?:send|write|end)\s*\([^)\n]*[`+][^)\n]*\breq(?:uest)?\.(?:query|body|params)\b",
        "shows input in a page as it came",
        unless=r"(?i)sanitiz|escape|purify",
    ),
    _row("page", GO, r"\btemplate\.(?:HTML|JS|URL)\s*\(", "shows input in a page as it came", Flow.INPUT),
    _row(
        "page",
        RUBY,
        r"\b(?:params|cookies|request)\b[^\n]*\.html_safe\b|\braw\s*\(?\s*params\b",
        "shows input in a page as it came",
    ),
    _row(
        "page",
        PYTHON,
        r"\b(?:mark_safe|Markup|render_template_string)\s*\(",
        "shows input in a page as it came",
        Flow.INPUT,
    ),
    _row(
        "page",
        PYTHON,
        r"\bEnvironment\s*\([^)\n]*autoescape\s*=\s*False|\brender_template_string\s*\(\s*(?:f['\"]|['\"][^)\n]*['\"]\s*(?:%|\+|\.format))",
        "shows input in a page as it came",
        unless=r"^(?!.*(?:\{|%|\+|False))",
    ),
    # input straight into files
    # rights
    _row(
        "rights",
        PYTHON,
        r"\bchmod\s*\([^)\n]*\b0o?777\b|\bos\.(?:mkdir|makedirs)\s*\([^)\n]*\b0o?777\b|\bumask\s*\(\s*0(?:o?0+)?\s*\)|\bchmod\s*\([^)\n]*\bS_IRWXO\b",
        _RIGHTS,
    ),
    _row(
        "rights",
        SCRIPT | GO | RUST | RUBY | PHP | NATIVE | SWIFT | JVM | CSHARP,
        r"(?i)\b(?:fs\.)?(?:f?chmod(?:_R|Sync|at)?|syscall\.Chmod|from_mode|set_mode|WriteFile)\b\s*\(?[^)\n]*(?<![\w.])['\"]?0?o?0?777['\"]?(?!\w)|\bposixPermissions['\"]?\s*:\s*0o777|\bPosixFilePermissions\.fromString\s*\(\s*\"rwxrwxrwx\"",
        _RIGHTS,
    ),
    _row("rights", JVM, r"\.set(?:Writable|Executable)\s*\(\s*true\s*,\s*false\s*\)", _RIGHTS),
    _row(
        "rights",
        SHELL | frozenset({"yaml"}),
        r"\bchmod\s+(?:-\w+\s+)*(?:--recursive\s+)?(?:0?777|1777|a\+rwx|ugo\+rwx|[ao]+\+\w*w\w*|a=rwx)\b",
        _RIGHTS,
    ),
    _row(
        "rights",
        CODE,
        r"(?<![\w-])chmod\s+(?:-\w+\s+)*0?777\b|['\"]chmod['\"]\s*,\s*(?:['\"]-\w+['\"]\s*,\s*)?['\"]0?777['\"]",
        _RIGHTS,
        text=True,
    ),
    _row("rights", SCRIPT, r"\bmode\s*:\s*0o777\b", _RIGHTS),
    _row("rights", NATIVE, r"\bchmod\s*\([^)\n]*\bS_IRWXO\b|\bpermissions\s*\([^)\n]*\bperms::all\b", _RIGHTS),
    # who may ask
    _row(
        "access",
        PYTHON,
        r"^\s*@csrf_exempt\b|\bWTF_CSRF_ENABLED['\"]?\]?\s*=\s*False\b|\bSESSION_COOKIE_(?:SECURE|HTTPONLY)\s*=\s*False\b|\balgorithms\s*=\s*\[\s*['\"]none['\"]|\bAllowAny\b(?=\s*[\],)])|\bset_missing_host_key_policy\s*\(\s*(?:paramiko\.)?(?:AutoAdd|Warning)Policy",
        "takes a protection of access away",
    ),
    _row(
        "access",
        SCRIPT,
        r"\balgorithms?['\"]?\s*:\s*\[?\s*['\"]none['\"]|\bignoreExpiration\s*:\s*true\b|\bcsrf(?:Protection|Enabled)?\s*:\s*false\b|\bcontextIsolation\s*:\s*false\b|\bwebSecurity\s*:\s*false\b|\bsupports_credentials",
        "takes a protection of access away",
    ),
    _row(
        "access",
        JVM,
        r"\bcsrf\s*\(\s*\)\s*\.\s*disable\s*\(|\bcsrf\s*\(\s*(?:AbstractHttpConfigurer|CsrfConfigurer)::disable|\bcsrf\s*\(?\s*\{?\s*\(?(?:\w+|it)\s*(?:->\s*\w+)?\.disable\(\)|\banyRequest\s*\(\s*\)\s*\.\s*permitAll\s*\(|(?:ant|request|mvc)Matchers\s*\(\s*\"/\*\*\"\s*\)\s*\.\s*permitAll|@PermitAll\b|\bNoOpPasswordEncoder\b|\bframeOptions\s*\(\s*\)\s*\.\s*disable",
        "takes a protection of access away",
        unless=r"^import",
    ),
    _row(
        "access",
        CSHARP,
        r"^\s*\[AllowAnonymous\]|\[IgnoreAntiforgeryToken|\bValidateIssuerSigningKey\s*=\s*false|\bValidate(?:Lifetime|Issuer|Audience)\s*=\s*false|\bRequireHttpsMetadata\s*=\s*false|\bRequireSignedTokens\s*=\s*false",
        "takes a protection of access away",
    ),
    _row(
        "access",
        RUBY,
        r"\bskip_(?:before_(?:action|filter)|forgery_protection)\b(?:\s*:?(?:\w*(?:auth|login|verify|require|admin|token|user)\w*))?|\bskip_authorization_check\b|\bpermit!",
        "takes a protection of access away",
        unless=r"^\s*skip_before_(?:action|filter)\s+:(?!\w*(?:auth|login|verify|require|admin|token|user))",
    ),
    _row(
        "access",
        frozenset({"sql"}) | PYTHON | SHELL,
        r"(?i)\bGRANT\s+ALL(?:\s+PRIVILEGES)?\s+ON\s+(?:\*\.\*|ALL|DATABASE|SCHEMA)[^;\n]*\bTO\s+(?:PUBLIC|'[^']*'@'%'|anon\w*|\"?everyone)",
        "gives all rights to everyone",
    ),
    _row(
        "access", frozenset({"yaml"}), r"^\s*-?\s*privileged\s*:\s*true\b", "gives a container all rights of its host"
    ),
    # words for C
    _row(
        "gets", NATIVE, r"(?<![\w.>:])gets\s*\(", "reads a line of any length into a buffer", unless=r"^gets\s*\(\s*\)"
    ),
)
