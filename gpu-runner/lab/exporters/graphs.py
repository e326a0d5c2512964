"""Torch modules as ONNX graphs: any batch, fixed other sizes, the names of a pack's contract."""

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir
import onnx_ir.passes.common as passes
import torch
from onnxscript.optimizer._constant_folding import FoldConstantsPass

OPSET = 20
IR_VERSION = 10
FOLD_INPUT, FOLD_OUTPUT = 8192, 2**18
"""Numbers that a constant may be made of and may have: large tables are computed when they are needed."""
EXAMPLE_BATCH = 2
"""Rows of example inputs; not 1, which the exporter would take for a constant."""


def export_graph(module: torch.nn.Module, inputs: dict[str, torch.Tensor], outputs: Sequence[str]) -> ir.Model:
    """The graph of a module in evaluation mode; `inputs` are examples [EXAMPLE_BATCH, ...] in the order of `forward`."""
    batch = torch.export.Dim("batch", min=1, max=1024)
    with torch.no_grad():
        program = torch.onnx.export(
            SameBatch(module).eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=(tuple({0: batch} for _ in inputs),),
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch gave no graph")
    tidy(program.model)
    forget_origins(program.model)
    return program.model


def tidy(model: ir.Model) -> None:
    """Folds constants and drops what is unused.

    Not onnxscript's whole optimizer: its rewrites take an addend below 1e-8 for zero, and SANA's attention divides by sums
    that only such an addend keeps from 0.
    """
    ir.passes.Sequential(
        passes.InlinePass(),
        FoldConstantsPass(
            shape_inference=True,
            input_size_limit=FOLD_INPUT,
            output_size_limit=FOLD_OUTPUT,
            # A turned weight matrix is the weight itself: turned once, here.
            should_fold=lambda node: True if node.op_type == "Transpose" else None,
        ),
        passes.RemoveUnusedNodesPass(),
        passes.RemoveUnusedFunctionsPass(),  # type: ignore[no-untyped-call]
        passes.RemoveUnusedOpsetsPass(),
        passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        passes.LiftSubgraphInitializersToMainGraphPass(),
        passes.DeduplicateInitializersPass(),
        passes.CommonSubexpressionEliminationPass(),
        passes.OutputFixPass(),
        passes.NameFixPass(),
    )(model)


class SameBatch(torch.nn.Module):
    """Says before anything else that all inputs have one batch: some reshapes need to know it."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        for each in inputs[1:]:
            torch._check(each.shape[0] == inputs[0].shape[0])
        return self.module(*inputs)


def constant_graph(tensors: dict[str, torch.Tensor]) -> ir.Model:
    """A graph without inputs that gives these tensors."""
    outputs, nodes, initializers = [], [], []
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor.detach().cpu().numpy())
        value = constant_value(f"{name}.value", array)
        node = ir.Node("", "Identity", [value], num_outputs=1)
        node.outputs[0].name = name
        node.outputs[0].shape, node.outputs[0].type = value.shape, value.type
        initializers.append(value)
        nodes.append(node)
        outputs.append(node.outputs[0])
    graph = ir.Graph([], outputs, nodes=nodes, initializers=initializers, opset_imports={"": OPSET}, name="constants")
    return ir.Model(graph, ir_version=IR_VERSION)


def constant_value(name: str, array: np.ndarray) -> ir.Value:
    """An initializer, not yet part of a graph."""
    value = ir.Value(name=name, const_value=ir.tensor(array, name=name))
    value.shape, value.dtype = ir.Shape(array.shape), ir.DataType.from_numpy(array.dtype)
    return value


def forget_origins(model: ir.Model) -> None:
    """Removes what the exporter notes for people: stack traces and the like, several times the size of a small graph."""
    model.metadata_props.clear()
    model.graph.metadata_props.clear()
    model.producer_name = model.producer_version = model.doc_string = None
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
    for function in model.functions.values():
        function.metadata_props.clear()
        for node in function.all_nodes():
            node.metadata_props.clear()


class Precise(torch.nn.Module):
    """A module computed in another precision, from and to what the runner can carry (float32, or float16 as it is).

    Times and guidance stay float32: in half precision 999 / 1000 is no number.
    """

    def __init__(self, module: torch.nn.Module, precision: torch.dtype) -> None:
        super().__init__()
        self.module = module.to(precision)
        self.inside = precision
        self.outside = torch.float16 if precision == torch.float16 else torch.float32

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        outputs = self.module(*(self.cast(each) for each in inputs))
        return tuple(each.to(self.outside) for each in outputs) if isinstance(outputs, tuple) else outputs.to(self.outside)

    def cast(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self.inside) if tensor.is_floating_point() and tensor.ndim > 1 else tensor
