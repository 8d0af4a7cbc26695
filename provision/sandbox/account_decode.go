package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decode decodes a state strictly: an unknown field is more often a typo or a foreign file than an extension. Errors have
// line and column. Defaults are filled in, except for the certificate authority, which is random.
func decode(data []byte) (*state, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	s := new(state)
	if err := d.Decode(s); err != nil {
		return nil, withPosition(data, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s: more than one JSON value", position(data, d.InputOffset()))
	}
	s.complete()
	if err := s.validate(); err != nil {
		return nil, err
	}
	s.sort()
	return s, nil
}

func withPosition(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: %w", position(data, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: %s cannot hold a JSON %s", position(data, kind.Offset), describeField(kind.Field), kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the file ends too early", position(data, int64(len(data))))
	}
	// encoding/json reports the name but no offset here.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		at := bytes.Index(data, []byte(name))
		return fmt.Errorf("%s: unknown field %s", position(data, int64(at+1)), name)
	}
	return err
}

func describeField(name string) string {
	if name == "" {
		return "the state"
	}
	return name
}

// position returns the line and column, from 1, of a byte offset. As in encoding/json, the offset is that of the byte
// after the error.
func position(data []byte, offset int64) string {
	offset = max(0, min(offset-1, int64(len(data))))
	before := data[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := int(offset) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}
