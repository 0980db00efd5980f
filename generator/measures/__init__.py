"""Measures: arrays in, small frozen results out. No files, no printing, no models."""

from generator.measures.affinity import Affinity, AffinitySums, semantic_affinity
from generator.measures.index import ConceptIndex, Incidence, aligned_index

__all__ = ["Affinity", "AffinitySums", "ConceptIndex", "Incidence", "aligned_index", "semantic_affinity"]
