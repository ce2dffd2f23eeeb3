"""What tests share: builders of inputs, independent references, servers, ways to kill a job."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""
