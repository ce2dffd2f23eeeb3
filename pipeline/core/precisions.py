"""With which numbers VGG19 computes: what the setting ``precision`` means on this machine."""

from pathlib import Path

from pipeline.base import machine
from pipeline.core import loading
from pipeline.settings.settings import Settings

NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")
"""There where Linux drives a GPU that TensorFlow can use."""


def chosen(precision: str, device: str) -> str:
    """``float32`` or ``bfloat16``; for ``auto`` the latter where the device multiplies such numbers.

    TensorFlow is imported only where there is a GPU to be asked about.

    Args:
        precision, device: the settings.

    Raises:
        SettingsError: there is no such device.
    """
    if precision != "auto":
        return precision
    if device.startswith("gpu") or (device == "auto" and NVIDIA_GPUS.is_dir()):
        return _fastest(loading.backend().multiplies_bfloat16(device))
    return _fastest(machine.multiplies_bfloat16())


def settled(settings: Settings) -> Settings:
    """The settings with :func:`chosen` in place of ``auto``.

    Raises:
        SettingsError: there is no such device.
    """
    return settings.model_copy(update={"precision": chosen(settings.precision, settings.device)})


def _fastest(multiplies_bfloat16: bool) -> str:
    return "bfloat16" if multiplies_bfloat16 else "float32"
