"""What runs on this machine, by /proc (Linux)."""

from pathlib import Path

_LISTENING = "0A"


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and those that these started."""
    children: dict[int, set[int]] = {}
    for one in _pids():
        if stat := _read(one, "stat"):
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), set()).add(one)
    found, left = set[int](), [pid]
    while left:
        new = children.get(left.pop(), set())
        found |= new
        left += new
    return found


def named(pids: set[int], program: str) -> int:
    """The process of a program."""
    return next(pid for pid in pids if Path((_read(pid, "cmdline") or "").split("\0")[0]).name == program)


def running(pids: set[int]) -> set[int]:
    """Those that still run."""
    return {pid for pid in pids if ") Z " not in (_read(pid, "stat") or ") Z ")}


def listening(pids: set[int]) -> dict[str, set[int]]:
    """The TCP ports that processes listen on, by address as the kernel writes it."""
    sockets = {link for pid in pids for link in _links(pid)}
    found: dict[str, set[int]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == _LISTENING and f"socket:[{inode}]" in sockets:
                address, port = local.split(":")
                found.setdefault(address, set()).add(int(port, 16))
    return found


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _read(pid: int, name: str) -> str | None:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return None


def _links(pid: int) -> set[str]:
    try:
        return {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    except (FileNotFoundError, ProcessLookupError):
        return set()
