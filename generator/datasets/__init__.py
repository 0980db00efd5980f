"""Translation datasets: reading, validating, describing."""

from generator.datasets.dataset import Card, Concept, Dataset
from generator.datasets.load import load_dataset

__all__ = ["Card", "Concept", "Dataset", "load_dataset"]
