"""What a run may spend, kept to although many requests are on their way at a time."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.llm.options import LLMOptions, PriceOptions


class Amount(NamedTuple):
    """Something spent, reserved or left."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def plus(self, other: Amount) -> Amount:
        return Amount(self.calls + other.calls, self.tokens + other.tokens, self.usd + other.usd)

    def minus(self, other: Amount) -> Amount:
        return Amount(self.calls - other.calls, self.tokens - other.tokens, self.usd - other.usd)


class Balance(NamedTuple):
    """Where a budget stands."""

    spent: Amount
    """What servers have said, or what an answer's length tells where they said nothing. USD are 0 without a price."""
    unsure: Amount
    """The most that calls can have cost which were given up or cut off: servers may bill them. Counts as spent."""
    left_calls: int | None
    """None: no bound."""
    left_tokens: int | None
    left_usd: float | None


def cost_usd(price: PriceOptions | None, input_tokens: int, output_tokens: int) -> float | None:
    """USD; None without a price. Discounts, as for cached input, are not known here."""
    if price is None:
        return None
    return (price.input * input_tokens + price.output * output_tokens) / 1e6


class Budget:
    """Lets a call go only if the most that it can cost fits, with all that are on their way.

    Raises:
        UserError: a bound in USD without a price for the model, or one in tokens or USD without a longest answer.
    """

    def __init__(self, options: LLMOptions):
        self._bounds = options.budget
        self._price = options.prices.get(options.model)
        self._longest_answer = options.max_tokens or 0
        self._spent = self._unsure = self._reserved = Amount()
        self._settled = asyncio.Event()
        if self._bounds.usd is not None and self._price is None:
            raise UserError(f'llm.budget.usd: needs the price of {options.model}; give llm.prices.{options.model} with '
                            'input and output, in USD per million tokens')
        if options.max_tokens is None and (self._bounds.usd is not None or self._bounds.tokens is not None):
            raise UserError('llm.budget: tokens and usd need a longest answer; set llm.max_tokens')

    async def reserve(self, input_tokens: int) -> Amount | None:
        """Sets aside what a call can cost at most. Waits if only calls on their way stand against it.

        Args:
            input_tokens: an upper bound.

        Returns:
            To be given to ``settle``; None: the budget has no room for it.
        """
        usd = cost_usd(self._price, input_tokens, self._longest_answer) or 0.0
        most = Amount(1, input_tokens + self._longest_answer, usd)
        while not self._fits(self._gone.plus(self._reserved).plus(most)):
            if not self._fits(self._gone.plus(most)):
                return None
            await self._settled.wait()
        self._reserved = self._reserved.plus(most)
        return most

    def settle(self, reserved: Amount, calls: int, tokens: tuple[int, int] | None) -> None:
        """Puts what a call did cost in the place of what was set aside.

        Args:
            reserved: from ``reserve``.
            calls: 1, or 0 if it did not reach the server.
            tokens: of input and output; None: nobody knows.
        """
        self._reserved = self._reserved.minus(reserved)
        if tokens is None:
            self._spent = self._spent.plus(Amount(calls))
            self._unsure = self._unsure.plus(reserved._replace(calls=0))
        else:
            self._spent = self._spent.plus(Amount(calls, sum(tokens), cost_usd(self._price, *tokens) or 0.0))
        self._settled.set()
        self._settled = asyncio.Event()

    @property
    def balance(self) -> Balance:
        """What was spent, and what is left."""
        gone, bounds = self._gone, self._bounds
        return Balance(self._spent, self._unsure,
                       None if bounds.calls is None else bounds.calls - gone.calls,
                       None if bounds.tokens is None else bounds.tokens - gone.tokens,
                       None if bounds.usd is None else bounds.usd - gone.usd)

    @property
    def _gone(self) -> Amount:
        return self._spent.plus(self._unsure)

    def _fits(self, amount: Amount) -> bool:
        bounds = self._bounds.calls, self._bounds.tokens, self._bounds.usd
        return all(bound is None or used <= bound for bound, used in zip(bounds, amount))
