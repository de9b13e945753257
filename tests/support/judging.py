"""
Judging against baselines in one step, with a past that is in memory.
"""

from collections.abc import Mapping
from datetime import datetime

from paceline.analysis.baselines import Baselines, past_by_baselines, restate
from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.model import Run


def judge_against(run: Run, past: Past, pinned: Mapping[datetime, Past], baselines: Baselines, rules: Rules) -> Run:
    """
    Judge a run as the archive does.
    """
    return restate(judge(run, past_by_baselines(baselines, past, pinned), rules), baselines, past)
