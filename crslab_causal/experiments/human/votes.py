"""Summarise the votes about systems that were compared blindly, side by side."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Iterable, NamedTuple, Sequence

from scipy import stats

from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.chat.web.votes import Vote


class PairSummary(NamedTuple):
    """The votes about two systems."""

    first: str
    second: str
    first_wins: int
    second_wins: int
    ties: int
    both_bad: int
    left_wins: int
    """Votes for the side on the left, whichever system it was. Far from one half means that people prefer a side."""

    @property
    def decided(self) -> int:
        """Number of votes for one of the two."""
        return self.first_wins + self.second_wins

    @property
    def win_rate(self) -> float | None:
        """Share of the decided votes that the first system won; None if no vote is decided."""
        return self.first_wins / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the win rate, by Wilson's method."""
        if not self.decided:
            return None
        interval = stats.binomtest(self.first_wins, self.decided).proportion_ci(0.95, 'wilson')
        return float(interval.low), float(interval.high)

    @property
    def p(self) -> float:
        """Two-sided p of the sign test: that the first system wins half of the decided votes. 1 without votes."""
        return float(stats.binomtest(self.first_wins, self.decided).pvalue) if self.decided else 1.0


def read_votes(paths: Iterable[Path]) -> list[Vote]:
    """Read the votes of files that the page has written.

    Raises:
        UserError: a file cannot be read, or a line is not a vote.
    """
    return [vote for path in paths for _, vote in read_json_lines(path, Vote, 'name a file of votes')]


def summarise_votes(votes: Sequence[Vote]) -> list[PairSummary]:
    """Return a summary of each pair of systems, in the order of their names."""
    by_pair: dict[tuple[str, str], list[Vote]] = {}
    for vote in votes:
        first, second = sorted((vote.left, vote.right))
        by_pair.setdefault((first, second), []).append(vote)
    summaries = []
    for (first, second), of_pair in sorted(by_pair.items()):
        winners = Counter(vote.winner for vote in of_pair)
        choices = Counter(vote.choice for vote in of_pair)
        summaries.append(
            PairSummary(
                first,
                second,
                winners[first],
                winners[second],
                choices['tie'],
                choices['both bad'],
                choices['left'],
            )
        )
    return summaries


def votes_markdown(summaries: Sequence[PairSummary]) -> str:
    """Return the summaries as a table in Markdown."""
    heads = ['first', 'second', 'first wins', 'second wins', 'ties', 'both bad', 'win rate of the first', 'p']
    rows = []
    for summary in summaries:
        rate = ''
        if summary.win_rate is not None and summary.interval is not None:
            low, high = summary.interval
            rate = f'{100 * summary.win_rate:.1f} % [{100 * low:.1f}, {100 * high:.1f}]'
        counts = (summary.first_wins, summary.second_wins, summary.ties, summary.both_bad)
        rows.append(
            [
                escape_cell(summary.first),
                escape_cell(summary.second),
                *map(str, counts),
                rate,
                f'{summary.p:.4f}' if summary.decided else '',
            ]
        )
    decided, left = sum(s.decided for s in summaries), sum(s.left_wins for s in summaries)
    return (
        f'{markdown_table(heads, rows, left=2)}\n\n'
        'Win rate: share of the votes for one of the two, with a 95 % interval (Wilson). p: sign test over these '
        'votes.\n'
        f'The left side won {left} of {decided} such votes.\n'
    )
