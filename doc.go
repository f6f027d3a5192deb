// Package henge is the root of henge, which runs untrusted scripts as jobs
// from Redis. The command is cmd/henge, the worker is in the rooms under host,
// and abi is the contract with the modules that run the scripts.
package henge
