"""CRC-64/NVME, the checksum that storage clients send (catalogue of parametrised CRC algorithms: CRC-64/NVME).

Reflected, polynomial 0x9A6C9329AC4BC9B5, begun and ended with all bits inverted. Many stretches of the data are
taken in step, each a row of an array, and their sums are then joined in pairs.
"""

from __future__ import annotations

from typing import Any

_POLYNOMIAL = 0x9A6C9329AC4BC9B5
_ALL = 0xFFFF_FFFF_FFFF_FFFF
_ROW = 128
"""Bytes of one stretch."""


class Crc64:
    """The checksum of bytes that come in parts."""

    def __init__(self) -> None:
        import numpy as np  # rarely needed: 80 ms

        self._np = np
        table = []
        for value in range(256):
            for _ in range(8):
                value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901
            table.append(value)
        self._table = np.array(table, dtype=np.uint64)
        self._small = table
        self._powers = [[table[(1 << bit) & 0xFF] ^ ((1 << bit) >> 8) for bit in range(64)]]
        self._state = _ALL
        self._left = b""

    def update(self, part: bytes) -> None:
        """Take the next part."""
        data = self._left + part if self._left else part
        whole = len(data) - len(data) % _ROW
        self._left = data[whole:]
        if whole:
            self._state = self._joined(self._rows(data, whole), whole)

    def digest(self) -> bytes:
        """Return the checksum so far: 8 bytes, the lowest first."""
        state = self._state
        for byte in self._left:
            state = self._small[(state ^ byte) & 0xFF] ^ (state >> 8)
        return (state ^ _ALL).to_bytes(8, "little")

    def _rows(self, data: bytes, whole: int) -> Any:
        """Return the sum of every row, each begun with zero."""
        np = self._np
        columns = np.frombuffer(data, dtype=np.uint8, count=whole).reshape(-1, _ROW).T.astype(np.uint64)
        sums = np.zeros(columns.shape[1], dtype=np.uint64)
        for column in columns:
            sums = self._table[(sums ^ column) & 0xFF] ^ (sums >> np.uint64(8))
        return sums

    def _joined(self, sums: Any, whole: int) -> int:
        """Join the sums of rows, and what came before them, to one."""
        np = self._np
        before, power = self._state, 0
        while whole >> power:
            if whole >> power & 1:
                before = _times(self._zeros(power), before)
            power += 1
        power = _ROW.bit_length() - 1
        while len(sums) > 1:
            odd = np.zeros(len(sums) % 2, dtype=np.uint64)  # a row of zeros in front changes nothing
            pairs = np.concatenate([odd, sums]).reshape(-1, 2)
            sums = _applied(np, self._zeros(power), pairs[:, 0]) ^ pairs[:, 1]
            power += 1
        return before ^ int(sums[0])

    def _zeros(self, power: int) -> list[int]:
        """Return what ``2 ** power`` bytes of zero do to each of the 64 bits of a sum."""
        while len(self._powers) <= power:
            self._powers.append(_squared(self._powers[-1]))
        return self._powers[power]


def _squared(operator: list[int]) -> list[int]:
    return [_times(operator, column) for column in operator]


def _times(operator: list[int], state: int) -> int:
    result = 0
    for bit in range(64):
        if state >> bit & 1:
            result ^= operator[bit]
    return result


def _applied(np: Any, operator: list[int], states: Any) -> Any:
    """Apply an operator to many sums, byte by byte through tables of 256."""
    result = np.zeros(len(states), dtype=np.uint64)
    for place in range(8):
        columns = operator[8 * place : 8 * place + 8]
        table = np.zeros(256, dtype=np.uint64)
        for bit, column in enumerate(columns):
            table[1 << bit : 2 << bit] = table[: 1 << bit] ^ np.uint64(column)
        result ^= table[(states >> np.uint64(8 * place)) & np.uint64(0xFF)]
    return result
