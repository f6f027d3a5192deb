package henge_test

import (
	"fmt"

	"github.com/henge-run/henge"
)

// Jobs in the format of the Hero actors.
func ExampleConnect_hero() {
	ctx, url, stop := startExample()
	defer stop()

	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()
	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Caller: "carol", Type: "shout", Payload: []byte("hello")})
	check(err)
	record, err := client.Wait(ctx, ref)
	check(err)
	fmt.Println(record.Status(), record.Output(), "for", record.Caller())
	// Output: finished hello! for carol
}

// Tasks in the format of rhailib, which has one type of scripts.
func ExampleConnect_rhailib() {
	ctx, url, stop := startExample()
	defer stop()

	client, err := henge.Connect(url, henge.Rhailib)
	check(err)
	defer client.Close()
	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Payload: []byte("hello")})
	check(err)
	record, err := client.Wait(ctx, ref)
	check(err)
	fmt.Println(record.Status(), record.Output())
	// Output: completed hello!
}

// Jobs in the format of HeroJobs: Submit counts their ids, in each circle and
// topic from 1.
func ExampleConnect_herojobs() {
	ctx, url, stop := startExample()
	defer stop()

	client, err := henge.Connect(url, henge.HeroJobs)
	check(err)
	defer client.Close()
	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Topic: "Night Shift", Type: "rhaiscript", Payload: []byte("hello")})
	check(err)
	record, err := client.Wait(ctx, ref)
	check(err)
	fmt.Println(ref, record.Status(), record.Output())
	// Output: acme/night_shift/1 done hello!
}

// Jobs in henge's own format. Their ids belong to a circle.
func ExampleConnect_henge() {
	ctx, url, stop := startExample()
	defer stop()

	client, err := henge.Connect(url, henge.Henge)
	check(err)
	defer client.Close()
	ref, err := client.Submit(ctx, &henge.Job{ID: "first", Circle: "acme", Type: "shout", Payload: []byte("hello"), Priority: 1})
	check(err)
	_, err = client.Wait(ctx, ref)
	check(err)
	record, err := client.Get(ctx, henge.Ref{ID: "first", Circle: "acme"})
	check(err)
	fmt.Println(ref, record.Status(), record.Output())
	// Output: acme/first succeeded hello!
}
