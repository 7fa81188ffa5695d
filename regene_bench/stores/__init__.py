"""Results on an object store: the contract of a store, leases, and the mirror that runs work on."""
