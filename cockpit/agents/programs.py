"""What is known of each agent program: how it is started unattended, told its work, resumed; never starts one.

Each command line was measured with the program itself, as were the rules by which its output is judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from cockpit.agents.supervisor import BESIDE

EVERYWHERE = (
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
)
"""What any agent needs to find its files and the network."""


@dataclass(frozen=True, slots=True)
class Program:
    """One agent program.

    `told` are the words that hand it a prompt, behind all others; `resume` those that go on with `{session}`; `attach`
    is the command by which a human does so. `env` is set for it, where `{folder}` is the run's. `pass_env` names what
    it needs to find its own log-in. `leaves` are patterns of what it writes into a worktree for itself.
    """

    run: tuple[str, ...]
    prompt: Literal["stdin", "arg", "file"] = "stdin"
    told: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    model: str = "--model"
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pass_env: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


PROGRAMS: Mapping[str, Program] = {
    # `--verbose` is mandatory with this output; what follows `--allowedTools` must be an option.
    "claude": Program(
        run=(
            "claude",
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--allowedTools",
            "Bash",
            "--permission-mode",
            "acceptEdits",
        ),
        resume=("--resume", "{session}"),
        attach=("claude", "--resume", "{session}"),
        # Its MCP servers otherwise come up beside its work, which may be over before it knows their tools.
        env={
            "CLAUDE_CODE_MAX_RETRIES": "3",
            "DISABLE_AUTOUPDATER": "1",
            "MCP_CONNECTION_NONBLOCKING": "false",
            "MCP_CONNECT_TIMEOUT_MS": "30000",
        },
        pass_env=(
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_BASE_URL",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CONFIG_DIR",
        ),
    ),
    "codex": Program(
        run=("codex", "exec", "--json", "-s", "workspace-write"),
        told=("-",),
        resume=("resume", "{session}"),
        # Its background server would go on with a turn, and write, after the worktree was left and handed back.
        attach=("codex", "resume", "--no-daemon", "{session}"),
        # One line for each call of its model: its events tell what a turn used when that has ended well, and only then.
        env={"RUST_LOG": "error,codex_otel.trace_safe[{input_token_count}]=info"},
        pass_env=("CODEX_HOME", "CODEX_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    ),
    # Its log alone tells that it calls a failing model again. Without a title it has its model make one, whose cost it
    # does not tell.
    "opencode": Program(
        run=(
            "opencode",
            "run",
            "--format",
            "json",
            "--auto",
            "--title",
            "cockpit",
            "--print-logs",
            "--log-level",
            "ERROR",
        ),
        resume=("--session", "{session}"),
        attach=("opencode", "--session", "{session}"),
        env={"OPENCODE_DISABLE_AUTOUPDATE": "1"},
        pass_env=("OPENCODE_API_KEY", "OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR", "OPENCODE_CONFIG_CONTENT"),
    ),
    "gemini": Program(
        run=("gemini", "-o", "stream-json", "--skip-trust", "--approval-mode", "yolo"),
        prompt="arg",
        told=("-p", "{prompt}"),
        resume=("--resume", "{session}"),
        # As its runs do: it would ask about every worktree, and keep the answer for good.
        attach=("gemini", "--skip-trust", "--resume", "{session}"),
        # Nothing that it prints tells of an answer that was refused, too long, or cut off behind a tool call.
        env={
            "GEMINI_TELEMETRY_ENABLED": "true",
            "GEMINI_TELEMETRY_TARGET": "local",
            "GEMINI_TELEMETRY_OUTFILE": f"{{folder}}/{BESIDE}",
            "GEMINI_TELEMETRY_LOG_PROMPTS": "false",
            "GEMINI_TELEMETRY_TRACES_ENABLED": "false",
        },
        pass_env=(
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_CLOUD_LOCATION",
            "GOOGLE_CLOUD_PROJECT",
            "GOOGLE_GEMINI_BASE_URL",
            "GOOGLE_GENAI_USE_VERTEXAI",
        ),
    ),
    "aider": Program(
        run=(
            "aider",
            "--yes-always",
            "--no-pretty",
            "--no-fancy-input",
            "--no-check-update",
            "--analytics-disable",
            "--no-gitignore",
            "--no-auto-commits",
            # Of an answer that streams, it takes what came before a cut for the whole.
            "--no-stream",
        ),
        prompt="file",
        told=("--message-file", "{prompt_file}"),
        resume=("--restore-chat-history",),
        attach=("aider", "--restore-chat-history", "--no-auto-commits", "--no-gitignore"),
        env={"COLUMNS": "4000"},  # it breaks its lines, errors among them, where a terminal would end
        pass_env=("ANTHROPIC_API_KEY", "OPENAI_API_BASE", "OPENAI_API_KEY"),
        leaves=(".aider*",),
    ),
}
