package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// The parts of the file that henge circle export writes.
const (
	partAbout    = "henge.json"
	partDatabase = "database"
	partKeys     = "redis.jsonl"
)

// archiveVersion is that of the file's layout.
const archiveVersion = 1

// about is the first part, which says what the others are.
type about struct {
	Version  int    `json:"version"`
	Circle   string `json:"circle"`
	Database string `json:"database"` // sqlite, postgres, or empty where there is none
	Keys     int    `json:"keys"`     // how many there are in Redis
}

// errNoArchive is what a file is not.
var errNoArchive = errors.New("this is no file of henge circle export")

// archiveOf reads a file's first part, and opens the others.
func archiveOf(file string) (*zip.ReadCloser, about, error) {
	var a about
	z, err := zip.OpenReader(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, a, err
	}
	if err != nil {
		return nil, a, fmt.Errorf("%w: %w", errNoArchive, err)
	}
	err = readPart(z, partAbout, func(r io.Reader) error { return json.NewDecoder(io.LimitReader(r, 64<<10)).Decode(&a) })
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", errNoArchive, err)
	case a.Version > archiveVersion:
		err = errors.New("a newer henge wrote this file: update henge")
	}
	if err != nil {
		return nil, a, errors.Join(err, z.Close())
	}
	return z, a, nil
}

// readPart reads a part to its end, where a damaged one is found out.
func readPart(z *zip.ReadCloser, name string, read func(io.Reader) error) error {
	r, err := z.Open(name)
	if err != nil {
		return err
	}
	err = read(r)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if closed := r.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("read %s of the file: %w", name, err)
	}
	return nil
}

// unpack writes a part to a file.
func unpack(z *zip.ReadCloser, name, file string) error {
	return readPart(z, name, func(r io.Reader) error { return writeFile(file, r) })
}

// pack adds a file as a part.
func pack(z *zip.Writer, name, file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}

// writeFile writes a file that is not there yet, for this user alone.
func writeFile(file string, from io.Reader) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}
