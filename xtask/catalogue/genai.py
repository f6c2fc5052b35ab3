"""Prints the plain prices of genai_prices/data.py (argument 1) as JSON: {"openai/gpt-4.1": {"in": 2000000, ...}}.

Read as source, so that nothing of the package has to run. Pico-dollars per token.
"""
import ast
import json
import sys
from decimal import Decimal

FIELDS = {"input_mtok": "in", "output_mtok": "out", "cache_read_mtok": "read", "cache_write_mtok": "write"}


def name(node):
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None


def argument(call, wanted):
    return next((keyword.value for keyword in call.keywords if keyword.arg == wanted), None)


def prices(node):
    if isinstance(node, ast.List):  # conditional prices: the last that holds from some day on is today's
        return prices(argument(node.elts[-1], "prices")) if node.elts else {}
    if name(node) != "ModelPrice":
        return {}
    out = {}
    for field, ours in FIELDS.items():
        value = argument(node, field)
        if name(value) == "TieredPrices":
            value = argument(value, "base")
        if name(value) == "Decimal":
            out[ours] = int(Decimal(value.args[0].value) * 1_000_000)
    return out


models = {}
for provider in (node for node in ast.walk(ast.parse(open(sys.argv[1]).read())) if name(node) == "Provider"):
    for model in argument(provider, "models").elts if argument(provider, "models") else []:
        found = prices(argument(model, "prices"))
        if found:
            models[argument(provider, "id").value + "/" + argument(model, "id").value] = found
json.dump(models, sys.stdout)
