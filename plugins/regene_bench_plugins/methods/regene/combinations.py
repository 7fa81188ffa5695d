"""All combinations of a class's members, each once, in an order that a key decides.

Nothing is drawn and remembered: the combinations are numbered, the numbers are permuted by a keyed
bijection, and a sample visits the permuted numbers along a fixed row of its own.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

_ROUNDS = 4
_GOLDEN = (6_180_339_887_498_949, 10**16)
_STEPS = 1024


class NumberedCombinations:
    """The combinations of some members of a class with given ratios.

    Two are the same if the same members have the same ratios: with equal ratios the order of the
    members makes no difference, with others it does.

    Candidate ``t`` of sample ``i`` is the permuted number ``i + t·s``, modulo their count, with a
    step ``s`` near the golden ratio of the count. As such a ratio is hard to approximate by
    fractions, the rows of neighbouring samples stay apart for long (``trials_apart``), and no
    sample need know of another for that.

    Args:
        size: Members of the class.
        ratios: Their shares in a combination; at most ``size``.
        key: Decides the order.
    """

    def __init__(self, size: int, ratios: Sequence[float], key: int) -> None:
        self._size = size
        self._ratios = tuple(ratios)
        self._arrangements = _arrangements(Counter(ratios))
        self.count = math.comb(size, len(ratios)) * self._arrangements
        self._permute = KeyedPermutation(self.count, key)
        self._step = _coprime_step(self.count)

    def number(self, index: int, trial: int) -> int:
        """Number of candidate ``trial`` of sample ``index``, in ``[0, count)``.

        A sample meets each number once within ``count`` trials.
        """
        return self._permute((index + trial * self._step) % self.count)

    def trials_apart(self, window: int) -> int:
        """For so many candidates each, ``window`` neighbouring samples surely do not meet."""
        if window == 1:
            return self.count
        quotient = largest_quotient(self._step % self.count, self.count)
        return self.count // ((quotient + 2) * window)

    def members(self, number: int) -> tuple[list[int], list[float]]:
        """Turn a number into different members in ``[0, size)`` and the ratio of each."""
        chosen, arrangement = divmod(number, self._arrangements)
        members = unrank_subset(chosen, self._size, len(self._ratios))
        if self._arrangements == 1:
            return members, list(self._ratios)
        return members, unrank_arrangement(arrangement, self._ratios)


class KeyedPermutation:
    """A pseudo-random bijection of ``[0, size)``: a Feistel network that walks its cycles.

    Values outside the range are permuted again until one is inside (Black and Rogaway 2002), which
    takes fewer than two steps on average.

    Args:
        size: At least 1, however large.
        key: Decides the bijection.
    """

    def __init__(self, size: int, key: int) -> None:
        self._size = size
        bits = max(2, (size - 1).bit_length())
        self._low_bits = bits // 2
        self._low = (1 << self._low_bits) - 1
        self._high = (1 << bits - self._low_bits) - 1
        self._bytes = (bits + 7) // 8
        self._keys = [f"{key}/{number}/".encode() for number in range(_ROUNDS)]

    def __call__(self, value: int) -> int:
        """Map a value in ``[0, size)`` to another."""
        while True:
            high, low = value >> self._low_bits, value & self._low
            for one, other in zip(self._keys[::2], self._keys[1::2], strict=True):
                high ^= self._noise(one, low) & self._high
                low ^= self._noise(other, high) & self._low
            value = high << self._low_bits | low
            if value < self._size:
                return value

    def _noise(self, key: bytes, value: int) -> int:
        text = key + value.to_bytes(self._bytes, "big")
        return int.from_bytes(hashlib.shake_128(text).digest(self._bytes), "big")


def unrank_subset(number: int, size: int, n: int) -> list[int]:
    """Return the subset of ``n`` of ``[0, size)`` with this number, largest member first.

    The combinatorial number system (Knuth, TAOCP 4A, 7.2.1.3): the number of members
    ``m_n > … > m_1`` is the sum of ``comb(m_k, k)``.

    Args:
        number: In ``[0, comb(size, n))``.
        size: Of the set.
        n: Members wanted, from 1 to ``size``.
    """
    members, bound = list[int](), size
    for k in range(n, 1, -1):

        def below(member: int, k: int = k) -> int:
            return math.comb(member, k)

        member = bisect_right(range(bound), number, key=below) - 1
        members.append(member)
        number -= math.comb(member, k)
        bound = member
    return [*members, number]


def unrank_arrangement(number: int, values: Sequence[float]) -> list[float]:
    """Return the arrangement of values with this number, in lexicographic order.

    Args:
        number: In ``[0, n! / product of the factorials of how often each value occurs)``.
        values: n values, of which some may be equal.
    """
    left, result = Counter(values), list[float]()
    count = _arrangements(left)
    for places in range(len(values), 0, -1):
        for value in sorted(left):
            beginning_so = count * left[value] // places
            if number < beginning_so:
                break
            number -= beginning_so
        result.append(value)
        count = beginning_so
        left[value] -= 1
        left += Counter()  # drops what is used up
    return result


def _arrangements(values: Counter[float]) -> int:
    """In how many ways values can be put in a row."""
    repeated = math.prod(math.factorial(times) for times in values.values())
    return math.factorial(values.total()) // repeated


def _coprime_step(count: int) -> int:
    """A step of about the golden ratio of ``count`` that leads through all numbers.

    Of the whole numbers there, the one whose ratio to ``count`` is hardest to approximate.
    """
    first = max(1, count * _GOLDEN[0] // _GOLDEN[1])
    steps = [step for step in range(first, first + _STEPS) if math.gcd(step, count) == 1]
    return min(steps, key=lambda step: largest_quotient(step % count, count))


def largest_quotient(numerator: int, denominator: int) -> int:
    """Largest partial quotient of the continued fraction of a ratio in [0, 1).

    A ratio of which it is ``a`` stays farther than ``1 / ((a + 2) d)`` from all fractions of
    denominator ``d`` (Khinchin, Continued Fractions, section 5).
    """
    largest = 0
    while numerator:
        largest = max(largest, denominator // numerator)
        denominator, numerator = numerator, denominator % numerator
    return largest
