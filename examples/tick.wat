;; A module that is linked with another.
;;
;;   windlass run --preload counter=examples/counter.wat --invoke tick examples/tick.wat 3
(module
  (import "counter" "add" (func $add (param i32) (result i32)))
  ;; Adds 1 to the counter this many times and gives what it then says.
  (func (export "tick") (param $times i32) (result i32)
    (local $count i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $times)))
        (local.set $count (call $add (i32.const 1)))
        (local.set $times (i32.sub (local.get $times) (i32.const 1)))
        (br $again)))
    (local.get $count)))
