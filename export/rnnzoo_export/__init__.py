"""Export, proof, bundles and serving."""
