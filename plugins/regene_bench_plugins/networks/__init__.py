"""Networks that methods are put together from: generators, discriminators, encoders, decoders."""
