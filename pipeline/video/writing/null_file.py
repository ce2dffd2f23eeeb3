"""A file for trials of muxers, which write what nobody reads."""


class NullFile:
    """A file that discards what is written, so that a scratch container needs neither disk nor memory."""

    def __init__(self) -> None:
        self.position = self.size = 0

    def write(self, data: bytes) -> int:
        self.position += len(data)
        self.size = max(self.size, self.position)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + (0, self.position, self.size)[whence]
        return self.position

    def tell(self) -> int:
        return self.position
