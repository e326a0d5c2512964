"""`python serve_litserve.py PORT`: the graphs of PACK_FOLDER by LitServe, one worker."""

import sys
from typing import Any

import litserve as ls
from serve_graphs import ServedGraphs


class Graphs(ls.LitAPI):
    def setup(self, device: str) -> None:
        self.graphs = ServedGraphs()

    def predict(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.graphs.run(request["graph"], request["feeds"])


if __name__ == "__main__":
    server = ls.LitServer(Graphs(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
