"""Recipes: a data set, a model of the zoo and a training configuration whose result is known."""
