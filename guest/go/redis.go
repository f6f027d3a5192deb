package henge

// RedisDo carries out a Redis command on the circle's keys: its name, then its
// arguments, each a text, bytes or a number. It returns what Redis answers.
func RedisDo(command string, args ...any) (any, error) {
	return askValue(redisDo, append([]any{command}, args...))
}

// RedisResult is what came of one command of a pipeline.
type RedisResult struct {
	Value any
	Err   error
}

// RedisPipeline carries out commands one after another in one crossing, each a
// name and its arguments. They are no transaction.
func RedisPipeline(commands ...[]any) ([]RedisResult, error) {
	request := make([]any, len(commands))
	for i, command := range commands {
		request[i] = command
	}
	reply, err := askValue(redisPipeline, request)
	if err != nil {
		return nil, err
	}
	list, _ := reply.([]any)
	results := make([]RedisResult, len(list))
	for i, item := range list {
		results[i] = redisResult(item)
	}
	return results, nil
}

// redisResult reads [true, value] or [false, code, message].
func redisResult(item any) RedisResult {
	switch list, _ := item.([]any); {
	case len(list) == 2 && list[0] == true:
		return RedisResult{Value: list[1]}
	case len(list) == 3 && list[0] == false:
		code, _ := list[1].(int64)
		message, _ := list[2].(string)
		return RedisResult{Err: &Error{Code: codeOf(code), Message: message}}
	}
	return RedisResult{Err: &Error{Code: Internal, Message: "a result that is neither a value nor an error"}}
}
