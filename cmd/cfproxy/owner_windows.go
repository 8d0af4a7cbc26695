package main

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: who owns a new file is the folder's affair on Windows.
func keepOwner(*os.File, fs.FileInfo) error { return nil }
