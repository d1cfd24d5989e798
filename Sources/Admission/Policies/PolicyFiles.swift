internal import EventLoop

/// The files of a policy folder as they were at one moment, where the folder can tell.
///
/// A ConfigMap volume holds its files in a directory with a name of its own, `..2026_11_23_…`; `..data` is a link to that
/// directory, replaced whole when the ConfigMap changes, and every file that people see is a link through `..data`. Who
/// follows those links one by one can read some files before the change and some after it: a set that nobody wrote. So a
/// volume is read from the directory that its `..data` pointed to once.
enum PolicyFiles {
    /// A file: what people call it, relative to the folder, and where it is read.
    struct File: Equatable {
        let name: String
        let path: String
    }

    /// Lists the files under a folder, in ascending order of their names.
    static func list(_ folder: String) throws(FileError) -> [File] {
        var files: [File] = []
        var volumes: [String: String] = [:]
        for name in try FileSystem.files(under: folder) {
            if let (volume, version) = volume(of: name, in: folder) {
                volumes[volume] = version
            } else {
                files.append(File(name: name, path: FileSystem.path(folder, name)))
            }
        }
        for (volume, version) in volumes {
            let root = FileSystem.path(volume.isEmpty ? folder : FileSystem.path(folder, volume), version)
            for name in try FileSystem.files(under: root) {
                files.append(
                    File(
                        name: volume.isEmpty ? name : FileSystem.path(volume, name),
                        path: FileSystem.path(root, name)
                    )
                )
            }
        }
        return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The volume that a file belongs to, relative to the folder, and the directory that holds its present version.
    private static func volume(of name: String, in folder: String) -> (volume: String, version: String)? {
        var volume = ""
        for component in name.split(separator: "/") {
            let directory = volume.isEmpty ? folder : FileSystem.path(folder, volume)
            let target = FileSystem.target(ofLink: FileSystem.path(directory, String(component)))
            if let target, target.hasPrefix("..data/") {
                return FileSystem.target(ofLink: FileSystem.path(directory, "..data")).map { (volume, $0) }
            }
            volume = volume.isEmpty ? String(component) : FileSystem.path(volume, String(component))
        }
        return nil
    }
}
