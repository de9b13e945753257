"""
The base of the results of the test kit.
"""

from collections.abc import Mapping

from paceline.measure import Measure
from paceline.values import DocumentValue


class KitResult(DocumentValue, frozen=True, kw_only=True, tag_field="kind"):
    """
    The result of a function of the test kit, which is kept with the test that called the function.

    `name` distinguishes results of one kind in one test, and is the first part of the names of their measures.
    """

    name: str = ""

    def measures(self) -> Mapping[str, Measure]:
        """
        The figures that are compared with earlier runs, exported and drawn, by name.
        """
        raise NotImplementedError

    def summary(self) -> str:
        """
        The result in one line.
        """
        raise NotImplementedError

    @classmethod
    def has_figure(cls, measure: str) -> bool:
        """
        Whether a measure is a figure of a result of this kind, by its name.
        """
        return measure.startswith(f"{cls.__struct_config__.tag}_")

    @property
    def broken_limits(self) -> dict[str, Measure]:
        """
        The measures that are beyond their limits, by name.
        """
        return {name: measure for name, measure in self.measures().items() if measure.breaks_limit}

    def named(self, figure: str) -> str:
        """
        The name of a measure: the kind of the result, its name if it has one, and the figure.
        """
        kind = type(self).__struct_config__.tag
        return "_".join(filter(None, (str(kind), self.name, figure)))
