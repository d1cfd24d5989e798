internal import Admission
internal import EventLoop
internal import HTTPWire
internal import Server

/// The webhook on one event loop: HTTP in, HTTP out, the rest is Admission's.
final class AdmissionHandler: RequestHandler {
    private let service: AdmissionService

    init(_ service: AdmissionService) {
        self.service = service
    }

    func respond(to request: borrowing ServerRequest, body: consuming [UInt8], response: inout ServerResponse) {
        let reply: Reply
        if let contentType = request.head.fields.first("content-type") {
            reply = service.respond(
                path: request.head.path,
                query: request.head.query,
                isPost: request.head.method == .post,
                contentType: contentType,
                received: request.received,
                body: body,
                into: &response.body
            )
        } else {
            reply = service.respond(
                path: request.head.path,
                query: request.head.query,
                isPost: request.head.method == .post,
                contentType: Span(),
                received: request.received,
                body: body,
                into: &response.body
            )
        }
        response.use(reply)
    }
}

/// The admin port.
final class AdminHandler: RequestHandler {
    private let service: AdminService

    init(_ service: AdminService) {
        self.service = service
    }

    func respond(to request: borrowing ServerRequest, body: consuming [UInt8], response: inout ServerResponse) {
        let isGet = request.head.method == .get || request.head.method == .head
        response.use(service.respond(path: request.head.path, isGet: isGet, into: &response.body))
    }
}

extension ServerResponse {
    fileprivate mutating func use(_ reply: Reply) {
        head.status = reply.status
        head.contentType = reply.contentType
        if let allow = reply.allow { head.fields.append(HTTPField("allow", "\(allow)")) }
    }
}
