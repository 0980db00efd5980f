"""Embedding models: the registry, and what turns texts into vectors."""

from generator.models.registry import Model, Registry, load_model, load_registry, read_registry, select

__all__ = ["Model", "Registry", "load_model", "load_registry", "read_registry", "select"]
