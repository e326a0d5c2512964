"""`python -m bentoml serve serve_bentoml:Graphs`: the graphs of PACK_FOLDER by BentoML, one worker."""

from typing import Any

import bentoml
from serve_graphs import ServedGraphs


@bentoml.service(workers=1)
class Graphs:
    def __init__(self) -> None:
        self.graphs = ServedGraphs()

    @bentoml.api
    def predict(self, graph: str, feeds: dict[str, Any]) -> dict[str, Any]:
        return self.graphs.run(graph, feeds)
