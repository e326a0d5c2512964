"""Weights stored smaller than they are computed with: matrices in blocks of 8 or 4 bits, or all in bfloat16."""

import ml_dtypes
import numpy as np
import onnx_ir as ir

from lab.exporters.graphs import constant_value

BLOCK = 32
"""Numbers that share one scale."""
LEAST = 32 * 32
"""Smaller matrices stay as they are."""


def quantize_weights(model: ir.Model, bits: int) -> int:
    """Turns every product with a constant matrix into onnxruntime's MatMulNBits, symmetric. Returns how many.

    Source: onnxruntime's contrib operators, com.microsoft.MatMulNBits: B [N, ceil(K / block), block * bits / 8] of unsigned
    numbers around 2^(bits - 1), scales [N, ceil(K / block)].
    """
    if bits not in (4, 8):
        raise ValueError("weights have 4 or 8 bits")
    changed = 0
    for node in list(model.graph):
        found = constant_matrix(node)
        if found is None:
            continue
        matrix, name = found
        replace(model.graph, node, matrix, name, bits)
        changed += 1
    if changed:
        model.graph.opset_imports["com.microsoft"] = 1
        drop_unused(model.graph)
    return changed


def store_as_bfloat16(model: ir.Model) -> int:
    """Stores the large float32 weights in bfloat16, widened before their use: products are float32, files half as large.

    Lossless for weights that were trained or published in bfloat16. Not in bfloat16 throughout: ONNX knows no Einsum of it, and
    onnxruntime few kernels. Returns how many.
    """
    graph, changed = model.graph, 0
    for weight in list(graph.initializers.values()):
        tensor = weight.const_value
        if tensor is None or weight.dtype != ir.DataType.FLOAT or tensor.size < LEAST or weight.is_graph_output():
            continue
        narrow = constant_value(f"{weight.name}_bfloat16", tensor.numpy().astype(ml_dtypes.bfloat16))
        graph.register_initializer(narrow)
        cast = ir.node("Cast", [narrow], {"to": ir.DataType.FLOAT})
        cast.outputs[0].shape, cast.outputs[0].type = weight.shape, weight.type
        graph.insert_before(graph[0], cast)
        ir.convenience.replace_all_uses_with(weight, cast.outputs[0])
        changed += 1
    drop_unused(graph)
    return changed


def constant_matrix(node: ir.Node) -> tuple[np.ndarray, str] | None:
    """The [K, N] constant that a MatMul, or a Gemm without scaling, multiplies with."""
    if node.domain != "" or node.op_type not in ("MatMul", "Gemm"):
        return None
    weight = node.inputs[1]
    if weight is None or not weight.is_initializer() or weight.const_value is None or len(weight.const_value.shape) != 2:
        return None
    attributes = {key: attribute.value for key, attribute in node.attributes.items()}
    if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0 or attributes.get("transA", 0) != 0:
        return None
    matrix = weight.const_value.numpy()
    if matrix.size < LEAST or matrix.dtype not in (np.float32, np.float16):
        return None
    return (matrix.T if attributes.get("transB", 0) else matrix), str(weight.name)


def pack_blocks(matrix: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Quantised [N, blocks, block * bits / 8] uint8 and scales [N, blocks] of a [K, N] matrix."""
    rows, columns = matrix.shape
    blocks = -(-rows // BLOCK)
    padded = np.zeros((columns, blocks * BLOCK), np.float32)
    padded[:, :rows] = matrix.T
    grouped = padded.reshape(columns, blocks, BLOCK)
    half = 2 ** (bits - 1)
    # The largest number of a block, with its sign, falls on -half: the full range is used.
    at = np.abs(grouped).argmax(axis=2)[..., None]
    scales = np.take_along_axis(grouped, at, axis=2)[..., 0] / -half
    safe = np.where(scales == 0, 1, scales)
    numbers = np.clip(np.rint(grouped / safe[..., None]) + half, 0, 2 * half - 1).astype(np.uint8)
    if bits == 4:
        numbers = numbers[..., 0::2] | (numbers[..., 1::2] << 4)
    return numbers, scales.astype(matrix.dtype)


def replace(graph: ir.Graph, node: ir.Node, matrix: np.ndarray, name: str, bits: int) -> None:
    numbers, scales = pack_blocks(matrix, bits)
    constants = [constant(graph, f"{name}_q{bits}", numbers), constant(graph, f"{name}_scales{bits}", scales)]
    attributes = {"K": matrix.shape[0], "N": matrix.shape[1], "bits": bits, "block_size": BLOCK}
    product = ir.node("MatMulNBits", [node.inputs[0], *constants], attributes, domain="com.microsoft")
    result, last = product.outputs[0], product
    new = [product]
    result.type = node.outputs[0].type
    if node.op_type == "Gemm" and len(node.inputs) > 2 and node.inputs[2] is not None:
        last = ir.node("Add", [result, node.inputs[2]])
        new.append(last)
    old = node.outputs[0]
    last.outputs[0].shape, last.outputs[0].type = old.shape, old.type
    ir.convenience.replace_nodes_and_values(graph, node, [node], new, [old], [last.outputs[0]])


def constant(graph: ir.Graph, name: str, array: np.ndarray) -> ir.Value:
    if name in graph.initializers:
        return graph.initializers[name]
    value = constant_value(name, array)
    graph.register_initializer(value)
    return value


def drop_unused(graph: ir.Graph) -> None:
    for name in [name for name, value in graph.initializers.items() if not value.uses() and not value.is_graph_output()]:
        del graph.initializers[name]
