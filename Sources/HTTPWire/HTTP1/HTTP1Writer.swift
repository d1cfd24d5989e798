/// Writes HTTP/1.1 messages.
enum HTTP1Writer {
    enum Connection {
        case unsaid, keepAlive, close
    }

    /// Room for what a head has beyond the parts whose length differs much.
    private static let usualHeadBytes = 256

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
        let capacity =
            usualHeadBytes + (response.contentType?.utf8CodeUnitCount ?? 0) + size(of: response.fields) + body.count
        context.output.makeRoom(for: capacity)
        let date = context.date.text
        context.output.append(addingCapacity: capacity) { output in
            if status == 200 {
                output.append("HTTP/1.1 200 OK\r\nDate: ")
            } else {
                output.append("HTTP/1.1 ")
                output.append(decimal: status)
                output.append(" ")
                output.append(reason(status))
                output.append("\r\nDate: ")
            }
            output.append(date.span)
            if hasBody {
                if let type = response.contentType {
                    output.append("\r\nContent-Type: ")
                    output.append(type)
                }
                output.append("\r\nContent-Length: ")
                output.append(decimal: body.count)
            }
            switch connection {
            case .unsaid: break
            case .keepAlive: output.append("\r\nConnection: keep-alive")
            case .close: output.append("\r\nConnection: close")
            }
            append(response.fields, to: &output)
            output.append("\r\n\r\n")
            if hasBody && !isHead { output.append(body) }
        }
    }

    /// Appends a request, head and body.
    static func append(_ request: ClientRequestHead, body: Span<UInt8>, _ context: inout WireContext) {
        let target = request.target.utf8.span
        let authority = request.authority.utf8.span
        let capacity =
            usualHeadBytes + target.count + authority.count + (request.userAgent?.utf8CodeUnitCount ?? 0)
            + (request.contentType?.utf8CodeUnitCount ?? 0) + size(of: request.fields) + body.count
        context.output.makeRoom(for: capacity)
        context.output.append(addingCapacity: capacity) { output in
            output.append(request.method.name)
            output.append(" ")
            output.append(target)
            output.append(" HTTP/1.1\r\nHost: ")
            output.append(authority)
            if let agent = request.userAgent {
                output.append("\r\nUser-Agent: ")
                output.append(agent)
            }
            if request.sendsLength(body) {
                output.append("\r\nContent-Length: ")
                output.append(decimal: body.count)
            }
            if let type = request.contentType {
                output.append("\r\nContent-Type: ")
                output.append(type)
            }
            append(request.fields, to: &output)
            output.append("\r\n\r\n")
            output.append(body)
        }
    }

    private static func append(_ fields: [HTTPField], to output: inout OutputSpan<UInt8>) {
        for field in fields {
            output.append("\r\n")
            output.append(field.name)
            output.append(": ")
            output.append(field.value.span)
        }
    }

    private static func size(of fields: [HTTPField]) -> Int {
        fields.reduce(0) { $0 + $1.name.utf8CodeUnitCount + $1.value.count + 4 }
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
