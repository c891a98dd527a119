"""The commands, one file each; the catalogue lists them."""
