"""What this computer has, found without torch: cores, memory, graphics card, number formats."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

from studio.models.memory_limits import limits

GIB = 1024**3


@dataclass(frozen=True)
class Gpu:
    name: str
    total_gb: float
    free_gb: float


@dataclass(frozen=True)
class Hardware:
    """Memory figures are GiB."""

    cores: int
    memory_gb: float
    free_gb: float
    gpu: Gpu | None

    @property
    def label(self) -> str:
        return self.gpu.name if self.gpu else f"CPU, {self.cores} cores" if self.cores > 1 else "CPU, 1 core"

    @property
    def device(self) -> str:
        return "cuda" if self.gpu else "cpu"


def look() -> Hardware:
    """The state at this moment. In a container, its share is what there is."""
    memory = psutil.virtual_memory()
    whole, free = zip((memory.total, memory.available), *limits(), strict=True)
    return Hardware(usable_cores(), min(whole) / GIB, min(free) / GIB, nvidia_gpu())


def memory_in_use() -> int:
    """Bytes that this process holds at this moment."""
    return int(psutil.Process().memory_info().rss)


def peak_memory() -> int:
    """The most bytes that this process has held so far, as far as the system tells; else what it holds now."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    except (OSError, StopIteration):
        # Windows: the most that it ever was. macOS tells no peak of a process that is free of its parent's.
        return int(getattr(psutil.Process().memory_info(), "peak_wset", memory_in_use()))


def usable_cores() -> int:
    """Cores that this process may use: in a container fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def nvidia_gpu() -> Gpu | None:
    """The first NVIDIA card that the driver answers for."""
    if not shutil.which("nvidia-smi"):
        return None
    query = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        name, total, free = (part.strip() for part in answer.strip().splitlines()[0].split(","))
        return Gpu(name, float(total) / 1024, float(free) / 1024)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


@lru_cache(maxsize=1)
def cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself.

    Without that it is emulated: a LoRA step of SmolLM2-135M on two AVX2 cores took 88 s in bfloat16 and
    8 s in float32.
    """
    if platform.system() == "Darwin":
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))


def training_dtype(device: str) -> str:
    """The number format to train in: "bfloat16" where the hardware has it, else "float32"."""
    return "bfloat16" if device == "cuda" or cpu_has_bfloat16() else "float32"
