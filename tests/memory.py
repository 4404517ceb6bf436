"""What a process has needed of memory."""

from pathlib import Path


def peak(process: int | str = "self") -> float:
    """Return the most that a process had in memory so far, in MB.

    `getrusage` reports for a child the memory of its parent process, if that was more.
    """
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak(process: int | str = "self") -> None:
    """Reset the peak of a process to its present memory (proc(5))."""
    Path(f"/proc/{process}/clear_refs").write_text("5")
