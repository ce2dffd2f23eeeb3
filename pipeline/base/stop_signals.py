"""The signals that ask a program to stop."""

import signal

HANGUP = "SIGHUP"
"""Sent where the terminal is closed; Windows has none."""

STOP_SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", HANGUP) if hasattr(signal, name))
"""They reach every process of a terminal or a service."""
