"""What samples without a path are said to come from."""

ARRAY = "an array"
TENSOR = "a tensor"
IN_MEMORY = (ARRAY, TENSOR)
