//go:build !linux

package dev

// adoptOrphans does nothing: only Linux lets a process adopt its descendants.
func adoptOrphans() {}

// killOrphans does nothing, as nothing was adopted.
func killOrphans() {}
