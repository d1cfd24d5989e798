/// Writes HTTP/1.1 messages.
enum HTTP1Writer {
    enum Connection {
        case unsaid, keepAlive, close
    }

    /// Appends a response, head and body.
    static func append(
        _ response: ServerResponseHead,
        body: Span<UInt8>,
        isHead: Bool,
        connection: Connection,
        _ context: inout WireContext
    ) {
        let status = response.status
        precondition(status >= 200 && status <= 599, "a final status: \(status)")
        let hasBody = status != 204 && status != 304
        context.output.reserveCapacity(context.output.count + 256 + body.count)
        if status == 200 {
            context.output.append("HTTP/1.1 200 OK\r\nDate: ")
        } else {
            context.output.append("HTTP/1.1 ")
            context.output.appendDecimal(status)
            context.output.append(" ")
            context.output.append(reason(status))
            context.output.append("\r\nDate: ")
        }
        context.output.append(context.date.text.span, 0..<29)
        if hasBody {
            if let type = response.contentType {
                context.output.append("\r\nContent-Type: ")
                context.output.append(type)
            }
            context.output.append("\r\nContent-Length: ")
            context.output.appendDecimal(body.count)
        }
        switch connection {
        case .unsaid: break
        case .keepAlive: context.output.append("\r\nConnection: keep-alive")
        case .close: context.output.append("\r\nConnection: close")
        }
        append(response.fields, &context)
        context.output.append("\r\n\r\n")
        if hasBody && !isHead { context.output.append(body, 0..<body.count) }
    }

    /// Appends a request, head and body.
    static func append(_ request: ClientRequestHead, body: Span<UInt8>, _ context: inout WireContext) {
        context.output.reserveCapacity(context.output.count + 512 + body.count)
        context.output.append(request.method.name)
        context.output.append(" ")
        context.output.append(contentsOf: request.target.utf8)
        context.output.append(" HTTP/1.1\r\nHost: ")
        context.output.append(contentsOf: request.authority.utf8)
        if request.sendsLength(body) {
            context.output.append("\r\nContent-Length: ")
            context.output.appendDecimal(body.count)
        }
        if let type = request.contentType {
            context.output.append("\r\nContent-Type: ")
            context.output.append(type)
        }
        append(request.fields, &context)
        context.output.append("\r\n\r\n")
        context.output.append(body, 0..<body.count)
    }

    private static func append(_ fields: [HTTPField], _ context: inout WireContext) {
        for field in fields {
            context.output.append("\r\n")
            context.output.append(field.name)
            context.output.append(": ")
            context.output.append(contentsOf: field.value)
        }
    }

    /// The reason phrase of a status (RFC 9110 §15).
    static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Unnamed"
        }
    }
}
