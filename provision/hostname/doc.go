// Package hostname parses what people type as a hostname or as the origin of a web page, and explains what is wrong
// with it.
//
// Errors are of type *errcode.Error. Their code names the mistake, and their details the "value" and, if the intended
// name can be guessed, a "suggestion".
package hostname
