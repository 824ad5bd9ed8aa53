"""The budget of a run. It is never exceeded, although many requests are in flight at a time."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.llm.options import LLMOptions, PriceOptions


class Amount(NamedTuple):
    """An amount of calls, tokens and money."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def plus(self, other: Amount) -> Amount:
        """Return the sum of two amounts."""
        return Amount(self.calls + other.calls, self.tokens + other.tokens, self.usd + other.usd)

    def minus(self, other: Amount) -> Amount:
        """Return the difference of two amounts."""
        return Amount(self.calls - other.calls, self.tokens - other.tokens, self.usd - other.usd)


class Balance(NamedTuple):
    """The amounts of a budget that are spent and that are left."""

    spent: Amount
    """Amount that servers reported. If a server reported nothing, the amount is estimated. USD are 0 without a price.
    """
    unsure: Amount
    """Maximum cost of calls that were aborted or cut off, because a server may bill them. It counts as spent."""
    left_calls: int | None
    """Calls that are left; None if they are unlimited."""
    left_tokens: int | None
    """Tokens that are left; None if they are unlimited."""
    left_usd: float | None
    """USD that are left; None if they are unlimited."""

    def summary(self) -> dict[str, Any]:
        """Return the balance as a dict for the results file."""
        return {**self._asdict(), 'spent': self.spent._asdict(), 'unsure': self.unsure._asdict()}


BATCH_PRICE = 0.5
"""Price of an answer from a Batch API, as a share of the usual price."""


def cost_usd(price: PriceOptions | None, input_tokens: int, output_tokens: int) -> float | None:
    """Return the cost in USD; None without a price. Discounts, for example on cached input, are not considered."""
    if price is None:
        return None
    return (price.input * input_tokens + price.output * output_tokens) / 1e6


class Budget:
    """The budget of a run. It admits a call only if the call and all calls in flight fit into it at maximum cost.

    Raises:
        UserError: the budget limits USD but the model has no price, or it limits tokens or USD but the length of an
            answer is unlimited.
    """

    def __init__(self, options: LLMOptions):
        self._limits = options.budget
        self._price = options.prices.get(options.model)
        self._max_output_tokens = options.max_tokens or 0
        self._spent = self._unsure = self._reserved = Amount()
        self._settled = asyncio.Event()
        if self._limits.usd is not None and self._price is None:
            raise UserError(
                f'llm.budget.usd: needs the price of {options.model}; give llm.prices.{options.model} with '
                'input and output, in USD per million tokens'
            )
        if options.max_tokens is None and (self._limits.usd is not None or self._limits.tokens is not None):
            raise UserError(
                'llm.budget: limits on tokens and usd need a maximum length of an answer; set llm.max_tokens'
            )

    async def reserve(self, input_tokens: int, room: int = 1) -> Amount | None:
        """Reserve the maximum cost of a call. Wait if the call does not fit only because of the calls in flight.

        Args:
            input_tokens: upper bound of the input tokens.
            room: factor of the maximum length of an answer.

        Returns:
            The reservation, which must be passed to ``settle``; None if the budget is used up.
        """
        output_tokens = room * self._max_output_tokens
        usd = cost_usd(self._price, input_tokens, output_tokens) or 0.0
        maximum = Amount(1, input_tokens + output_tokens, usd)
        while not self._fits(self._used.plus(self._reserved).plus(maximum)):
            if not self._fits(self._used.plus(maximum)):
                return None
            await self._settled.wait()
        self._reserved = self._reserved.plus(maximum)
        return maximum

    def settle(self, reserved: Amount, calls: int, tokens: tuple[int, int] | None) -> None:
        """Replace a reservation by the call's actual cost.

        Args:
            reserved: reservation from ``reserve``.
            calls: 1, or 0 if the call did not reach the server.
            tokens: input and output tokens; None: unknown.
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
        """Return the amounts that are spent and left."""
        used, limits = self._used, self._limits
        return Balance(
            self._spent,
            self._unsure,
            None if limits.calls is None else limits.calls - used.calls,
            None if limits.tokens is None else limits.tokens - used.tokens,
            None if limits.usd is None else limits.usd - used.usd,
        )

    @property
    def _used(self) -> Amount:
        return self._spent.plus(self._unsure)

    def _fits(self, amount: Amount) -> bool:
        limits = self._limits.calls, self._limits.tokens, self._limits.usd
        return all(limit is None or used <= limit for limit, used in zip(limits, amount))
