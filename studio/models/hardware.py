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
# In the environment, a number: the processor counts as so many devices, so that a run on several can be tried out on a
# computer without graphics cards. It gets no faster by that.
CPU_DEVICES = "TUNESMITH_CPU_DEVICES"


@dataclass(frozen=True)
class Gpu:
    name: str
    total_gb: float
    free_gb: float
    uuid: str = ""  # the driver's own name for just this card; "" where it is not known


@dataclass(frozen=True)
class Hardware:
    """Memory figures are GiB. gpu: the first graphics card; others: those beside it that torch would see too.

    cpu_devices: as how many devices the processor counts, see CPU_DEVICES.
    """

    cores: int
    memory_gb: float
    free_gb: float
    gpu: Gpu | None
    others: tuple[Gpu, ...] = ()
    cpu_devices: int = 1

    @property
    def label(self) -> str:
        return self.gpu.name if self.gpu else f"CPU, {self.cores} cores" if self.cores > 1 else "CPU, 1 core"

    @property
    def device(self) -> str:
        return "cuda" if self.gpu else "cpu"

    @property
    def key(self) -> str:
        """What names the device for all programs of this computer, so that no two train on it.

        It is the first card even where CUDA_VISIBLE_DEVICES names another: CUDA counts the cards in an order of its
        own, and rather do two studios wait that need not than that two train on one card.
        """
        return self.keys[0]

    @property
    def keys(self) -> tuple[str, ...]:
        """The same of every device, in the order in which whoever needs several takes them."""
        if self.gpu:
            return tuple(card.uuid or f"cuda-{place}" for place, card in enumerate((self.gpu, *self.others)))
        return ("cpu", *(f"cpu-{place}" for place in range(1, self.cpu_devices)))

    @property
    def devices(self) -> int:
        """How many devices one run can be spread over."""
        return len(self.keys)


def look() -> Hardware:
    """The state at this moment. In a container, its share is what there is."""
    memory = psutil.virtual_memory()
    whole, free = zip((memory.total, memory.available), *limits(), strict=True)
    cards = nvidia_gpus()
    first = cards[0] if cards else None
    return Hardware(usable_cores(), min(whole) / GIB, min(free) / GIB, first, tuple(cards[1:]), cpu_devices())


@lru_cache(maxsize=1)
def devices_here() -> int:
    """How many devices one run can be spread over, looked up once: whoever adds a card starts the studio anew."""
    return look().devices


def cpu_devices() -> int:
    """As how many devices the processor counts: 1, unless somebody who tries out runs on several says otherwise."""
    said = os.environ.get(CPU_DEVICES, "")
    return max(1, int(said)) if said.isdigit() else 1


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


def nvidia_gpus() -> list[Gpu]:
    """The NVIDIA cards that the driver answers for, as many of them as CUDA_VISIBLE_DEVICES leaves to programs.

    The first ones, also where it names others: see `Hardware.key`.
    """
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free,uuid", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        cards = []
        for line in answer.strip().splitlines():
            name, total, free, uuid = (part.strip() for part in line.split(","))
            cards.append(Gpu(name, float(total) / 1024, float(free) / 1024, uuid if uuid.startswith("GPU-") else ""))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").strip()
    return cards[: max(1, len(visible.split(",")))] if visible else cards


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
